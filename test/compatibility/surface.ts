/**
 * What Docker's client and engine offer of containers, as far as `docs/compatibility.md` answers for it: commands and flags
 * of the docker client 28.2, and endpoints of the Engine API 1.51. To add a group of them, add it here.
 */

/** `create` has all of these, and `run` some more. */
const CREATE = [
  '--add-host --annotation --attach,-a --blkio-weight --blkio-weight-device --cap-add --cap-drop --cgroup-parent',
  '--cgroupns --cidfile --cpu-count --cpu-percent --cpu-period --cpu-quota --cpu-rt-period --cpu-rt-runtime',
  '--cpu-shares,-c --cpus --cpuset-cpus --cpuset-mems --device --device-cgroup-rule --device-read-bps',
  '--device-read-iops --device-write-bps --device-write-iops --disable-content-trust --dns --dns-option',
  '--dns-search --domainname --entrypoint --env,-e --env-file --expose --gpus --group-add --health-cmd',
  '--health-interval --health-retries --health-start-interval --health-start-period --health-timeout',
  '--hostname,-h --init --interactive,-i --io-maxbandwidth --io-maxiops --ip --ip6 --ipc --isolation',
  '--kernel-memory --label,-l --label-file --link --link-local-ip --log-driver --log-opt --mac-address',
  '--memory,-m --memory-reservation --memory-swap --memory-swappiness --mount --name --network --network-alias',
  '--no-healthcheck --oom-kill-disable --oom-score-adj --pid --pids-limit --platform --privileged --publish,-p',
  '--publish-all,-P --pull --quiet,-q --read-only --restart --rm --runtime --security-opt --shm-size',
  '--stop-signal --stop-timeout --storage-opt --sysctl --tmpfs --tty,-t --ulimit --use-api-socket --user,-u',
  '--userns --uts --volume,-v --volume-driver --volumes-from --workdir,-w',
] as const;

export const COMMANDS = {
  run: [...CREATE, '--detach,-d --detach-keys --sig-proxy'],
  create: [],
  attach: ['--detach-keys --no-stdin --sig-proxy'],
  commit: ['--author,-a --change,-c --message,-m --pause,-p'],
  'container inspect': ['--format,-f --size,-s'],
  'container prune': ['--filter --force,-f'],
  cp: ['--archive,-a --follow-link,-L --quiet,-q'],
  diff: [],
  exec: [
    '--detach,-d --detach-keys --env,-e --env-file --interactive,-i --privileged --tty,-t --user,-u --workdir,-w',
  ],
  export: ['--output,-o'],
  kill: ['--signal,-s'],
  logs: ['--details --follow,-f --since --tail,-n --timestamps,-t --until'],
  pause: [],
  port: [],
  ps: ['--all,-a --filter,-f --format --last,-n --latest,-l --no-trunc --quiet,-q --size,-s'],
  rename: [],
  restart: ['--signal,-s --timeout,-t'],
  rm: ['--force,-f --link,-l --volumes,-v'],
  start: ['--attach,-a --checkpoint --checkpoint-dir --detach-keys --interactive,-i'],
  stats: ['--all,-a --format --no-stream --no-trunc'],
  stop: ['--signal,-s --timeout,-t'],
  top: [],
  unpause: [],
  update: [
    '--blkio-weight --cpu-period --cpu-quota --cpu-rt-period --cpu-rt-runtime --cpu-shares,-c --cpus',
    '--cpuset-cpus --cpuset-mems --memory,-m --memory-reservation --memory-swap --pids-limit --restart',
  ],
  wait: [],
  'volume create': ['--driver,-d --label --opt,-o'],
  'volume inspect': ['--format,-f'],
  'volume ls': ['--filter,-f --format --quiet,-q'],
  'volume prune': ['--all,-a --filter --force,-f'],
  'volume rm': ['--force,-f'],
  events: ['--filter,-f --format --since --until'],
  info: ['--format,-f'],
  version: ['--format,-f'],
} as const;

export const ENDPOINTS = {
  Containers: [
    'GET /containers/json',
    'POST /containers/create',
    'GET /containers/{id}/json',
    'GET /containers/{id}/top',
    'GET /containers/{id}/logs',
    'GET /containers/{id}/changes',
    'GET /containers/{id}/export',
    'GET /containers/{id}/stats',
    'POST /containers/{id}/resize',
    'POST /containers/{id}/start',
    'POST /containers/{id}/stop',
    'POST /containers/{id}/restart',
    'POST /containers/{id}/kill',
    'POST /containers/{id}/update',
    'POST /containers/{id}/rename',
    'POST /containers/{id}/pause',
    'POST /containers/{id}/unpause',
    'POST /containers/{id}/attach',
    'GET /containers/{id}/attach/ws',
    'POST /containers/{id}/wait',
    'DELETE /containers/{id}',
    'HEAD /containers/{id}/archive',
    'GET /containers/{id}/archive',
    'PUT /containers/{id}/archive',
    'POST /containers/prune',
    'POST /commit',
  ],
  Execs: [
    'POST /containers/{id}/exec',
    'POST /exec/{id}/start',
    'POST /exec/{id}/resize',
    'GET /exec/{id}/json',
  ],
  Volumes: [
    'GET /volumes',
    'POST /volumes/create',
    'GET /volumes/{name}',
    'PUT /volumes/{name}',
    'DELETE /volumes/{name}',
    'POST /volumes/prune',
  ],
  System: ['GET /info', 'GET /version', 'GET /_ping', 'HEAD /_ping', 'GET /events'],
} as const;

export type Command = keyof typeof COMMANDS;
/** The flags of a command, long, without their short form. */
type Flag<C extends Command> = Long<Words<(typeof COMMANDS)[C][number]>>;
type Words<Line extends string> = Line extends `${infer Word} ${infer Rest}` ? Word | Words<Rest> : Line;
type Long<Word extends string> = Word extends `${infer Name},${string}` ? Name : Word;

export type Endpoint = (typeof ENDPOINTS)[keyof typeof ENDPOINTS][number];
/** A row of the document: `ps`, `ps --all`, `GET /containers/json`. A flag of `create` is one of `run`. */
export type Row = { [C in Command]: C | `${C} ${Flag<C>}` }[Command] | Endpoint;

/** A flag in all of its spellings: `--memory` and `-m`. */
export interface FlagNames {
  readonly long: string;
  readonly short: string | undefined;
}

/** The flags of a command. */
export function flagsOf(command: Command): FlagNames[] {
  return COMMANDS[command]
    .flatMap((line: string) => line.split(' '))
    .map((word) => {
      const [long = '', short] = word.split(',');
      return { long, short };
    });
}

/** Every row there is, in the document's order. */
export function allRows(): Row[] {
  const ofClient = (Object.keys(COMMANDS) as Command[]).flatMap((command) => [
    command,
    ...flagsOf(command).map(({ long }) => `${command} ${long}`),
  ]);
  return [...ofClient, ...Object.values(ENDPOINTS).flat()] as Row[];
}
