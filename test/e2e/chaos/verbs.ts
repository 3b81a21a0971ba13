import type Docker from 'dockerode';
import type { Random } from '../random.ts';
import { drawProgram } from './program.ts';
import { commit, copyIn, copyOut, drain, exec } from './steps.ts';

/** What a verb is drawn for. */
export interface Draw {
  readonly random: Random;
  /** A name of the pool, which a container may have. */
  readonly name: string;
  /** Another one. */
  readonly other: string;
}

/** One raw request: method, path and, for some, a body. */
export type Call = readonly [method: string, path: string, body?: object | Buffer];

/** Sends a raw request and gives the answer's JSON. Throws Refused. */
export type Ask = (...call: Call) => Promise<unknown>;

/** Something to do, in the words of each kind of client. */
export interface Verb {
  /** For the command line clients. */
  readonly words: readonly string[];
  /** What they get on standard input. */
  readonly input?: Buffer;
  /** The raw request; for a verb that takes several, who sends them. */
  readonly call: Call | ((ask: Ask) => Promise<unknown>);
  readonly library: (docker: Docker) => Promise<unknown>;
  /** It does not end by itself: the client goes after some time. */
  readonly endless?: boolean;
}

type Maker = (draw: Draw) => Verb;

const POLICIES = ['no', 'no', 'always', 'on-failure', 'unless-stopped'];
const SECOND = 1_000_000_000;

/** Drawn from at random; one that is here twice comes twice as often. */
export const VERBS: ReadonlyArray<readonly [name: string, maker: Maker]> = [
  ['create', create],
  ['create', create],
  ['create', create],
  ['create', create],
  ['create', create],
  ['create', create],
  ['start', simple('start', (it) => it.start())],
  ['start', simple('start', (it) => it.start())],
  ['start', simple('start', (it) => it.start())],
  ['start', simple('start', (it) => it.start())],
  ['start', simple('start', (it) => it.start())],
  ['stop', stop],
  ['restart', restart],
  ['kill', kill],
  ['pause', simple('pause', (it) => it.pause())],
  ['unpause', simple('unpause', (it) => it.unpause())],
  ['unpause', simple('unpause', (it) => it.unpause())],
  ['rename', rename],
  ['update', update],
  ['resize', resize],
  ['wait', ({ name }) => ({ ...simple('wait', (it) => it.wait())({ name }), endless: true })],
  ['top', reading('top', 'top', (it) => it.top())],
  ['diff', reading('diff', 'changes', (it) => it.changes())],
  ['export', reading('export', 'export', async (it) => drain(await it.export()))],
  ['inspect', reading('inspect', 'json', (it) => it.inspect())],
  ['stats', stats],
  ['logs', logs],
  ['attach', attach],
  ['exec', exec],
  ['exec', exec],
  ['commit', commit],
  ['cp out', copyOut],
  ['cp in', copyIn],
  ['ps', ps],
  ['prune', prune],
  ['rm', rm],
];

function simple(verb: string, method: (container: Docker.Container) => Promise<unknown>) {
  return ({ name }: Pick<Draw, 'name'>): Verb => ({
    words: [verb, name],
    call: ['POST', `/containers/${name}/${verb}`],
    library: (docker) => method(docker.getContainer(name)),
  });
}

function reading(
  verb: string,
  path: string,
  method: (container: Docker.Container) => Promise<unknown>,
): Maker {
  return ({ name }) => ({
    words: [verb, name],
    call: ['GET', `/containers/${name}/${path}`],
    library: (docker) => method(docker.getContainer(name)),
  });
}

function create({ name, random }: Draw): Verb {
  const { config } = drawProgram(random);
  const { Cmd, Labels } = config as { Cmd: string[]; Labels: Record<string, string> };
  const policy = POLICIES[random(POLICIES.length)]!;
  const remove = policy === 'no' && random(4) === 0;
  const network = random(3) === 0 ? 'none' : 'bridge';
  const probe = random(4) === 0 ? { Test: ['CMD', 'true'], Interval: SECOND / 2 } : undefined;
  const body = {
    ...config,
    ...(probe && { Healthcheck: probe }),
    HostConfig: { NetworkMode: network, AutoRemove: remove, RestartPolicy: { Name: policy } },
  };
  const labels = Object.entries(Labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
  const health = probe ? ['--health-cmd', 'true', '--health-interval', '500ms'] : [];
  return {
    words: [
      ...['create', '--name', name, '--network', network, '--restart', policy, ...labels, ...health],
      ...[...(remove ? ['--rm'] : []), 'busybox', ...Cmd],
    ],
    call: ['POST', `/containers/create?name=${name}`, body],
    library: (docker) => docker.createContainer({ name, ...body }),
  };
}

function stop({ name, random }: Draw): Verb {
  const t = random(2);
  return {
    words: ['stop', '-t', String(t), name],
    call: ['POST', `/containers/${name}/stop?t=${t}`],
    library: (docker) => docker.getContainer(name).stop({ t }),
  };
}

function restart({ name, random }: Draw): Verb {
  const t = random(2);
  return {
    words: ['restart', '-t', String(t), name],
    call: ['POST', `/containers/${name}/restart?t=${t}`],
    library: (docker) => docker.getContainer(name).restart({ t }),
  };
}

function kill({ name, random }: Draw): Verb {
  const signal = ['KILL', 'TERM', 'WINCH'][random(3)]!;
  return {
    words: ['kill', '-s', signal, name],
    call: ['POST', `/containers/${name}/kill?signal=${signal}`],
    library: (docker) => docker.getContainer(name).kill({ signal }),
  };
}

function rename({ name, other }: Draw): Verb {
  return {
    words: ['rename', name, other],
    call: ['POST', `/containers/${name}/rename?name=${other}`],
    library: (docker) => docker.getContainer(name).rename({ name: other }),
  };
}

function update({ name, random }: Draw): Verb {
  const CpuShares = 128 + random(1024);
  const Memory = (64 + random(64)) << 20;
  const limits = { CpuShares, Memory, MemorySwap: Memory };
  const bytes = [`--memory=${Memory}`, `--memory-swap=${Memory}`];
  return {
    words: ['update', `--cpu-shares=${CpuShares}`, ...bytes, name],
    call: ['POST', `/containers/${name}/update`, limits],
    library: (docker) => docker.getContainer(name).update(limits),
  };
}

/** A verb of the API alone: the command line clients do it by themselves, at a terminal. */
function resize({ name, random }: Draw): Verb {
  const size = { h: 20 + random(20), w: 80 };
  return {
    words: ['port', name],
    call: ['POST', `/containers/${name}/resize?h=${size.h}&w=${size.w}`],
    library: (docker) => docker.getContainer(name).resize(size),
  };
}

/** Endless, because the official client is: an engine that dies in the middle leaves it waiting for ever. */
function stats({ name, random }: Draw): Verb {
  const stream = random(3) === 0;
  return {
    words: ['stats', ...(stream ? [] : ['--no-stream']), name],
    call: ['GET', `/containers/${name}/stats?${stream ? 'stream=1' : 'stream=0&one-shot=1'}`],
    library: (docker) => docker.getContainer(name).stats({ stream: false, 'one-shot': true }),
    endless: true,
  };
}

function logs({ name, random }: Draw): Verb {
  const follow = random(2) === 1;
  return {
    words: ['logs', ...(follow ? ['-f'] : []), name],
    call: ['GET', `/containers/${name}/logs?stdout=1&stderr=1&follow=${follow ? 1 : 0}`],
    library: (docker) => docker.getContainer(name).logs({ stdout: true, stderr: true, follow: false }),
    endless: follow,
  };
}

function attach({ name }: Draw): Verb {
  return {
    words: ['attach', '--no-stdin', '--sig-proxy=false', name],
    call: ['POST', `/containers/${name}/attach?stream=1&stdout=1&stderr=1`],
    library: (docker) => docker.getContainer(name).inspect(),
    endless: true,
  };
}

function ps(): Verb {
  return {
    words: ['ps', '-a', '--size'],
    call: ['GET', '/containers/json?all=1&size=1'],
    library: (docker) => docker.listContainers({ all: true }),
  };
}

/** One in eight: it takes all that have stopped. */
function prune({ random }: Draw): Verb {
  if (random(8) > 0) return ps();
  return {
    words: ['container', 'prune', '-f'],
    call: ['POST', '/containers/prune'],
    library: (docker) => docker.pruneContainers(),
  };
}

function rm({ name, random }: Draw): Verb {
  const force = random(3) === 0;
  return {
    words: ['rm', ...(force ? ['-f'] : []), name],
    call: ['DELETE', `/containers/${name}?force=${force ? 1 : 0}`],
    library: (docker) => docker.getContainer(name).remove({ force }),
  };
}
