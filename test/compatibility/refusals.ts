import type { Row } from './surface.ts';

/** Something that is refused, or a value of something that otherwise works. */
export interface Refusal {
  readonly row: Row;
  /** What is given to the command, before the image; or a request and the status of its answer. */
  readonly given: readonly string[] | { readonly request: string; readonly status: number };
  /** A part of what the user reads, which says what is wrong and what to do. */
  readonly error: string;
}

/** `test/e2e/refusals.test.ts` shows each of these; `docs/compatibility.md` lists them. */
export const REFUSALS: readonly Refusal[] = [
  ...['--cpu-count', '--cpu-percent', '--io-maxbandwidth', '--io-maxiops'].map(
    (flag): Refusal => ({
      row: `run ${flag}` as Row,
      given: [flag, '1'],
      error: `"${flag}" is only supported on a Docker daemon running on windows`,
    }),
  ),
];

/** Rows that no test answers for yet. One that is proven or refused may not stand here. */
export const UNPROVEN: readonly Row[] = [
  'run --annotation',
  'run --expose',
  'run --health-start-interval',
  'run --health-start-period',
  'run --health-timeout',
  'run --ip',
  'run --ip6',
  'run --isolation',
  'run --label-file',
  'run --link',
  'run --link-local-ip',
  'run --log-driver',
  'run --log-opt',
  'run --mac-address',
  'run --network',
  'run --network-alias',
  'run --no-healthcheck',
  'run --platform',
  'run --publish',
  'run --publish-all',
  'run --pull',
  'run --quiet',
  'run --restart',
  'run --runtime',
  'run --storage-opt',
  'run --use-api-socket',
  'run --userns',
  'run --volume-driver',
  'attach --detach-keys',
  'attach --sig-proxy',
  'container inspect',
  'container inspect --format',
  'container inspect --size',
  'container prune',
  'container prune --filter',
  'container prune --force',
  'exec --detach-keys',
  'exec --env-file',
  'pause',
  'port',
  'rename',
  'restart --signal',
  'rm --link',
  'start --checkpoint',
  'start --checkpoint-dir',
  'start --detach-keys',
  'stats --all',
  'stats --format',
  'stats --no-stream',
  'stats --no-trunc',
  'stop --signal',
  'top',
  'unpause',
  'volume create --driver',
  'volume inspect --format',
  'volume ls --format',
  'info --format',
  'version --format',
  'GET /containers/{id}/top',
  'GET /containers/{id}/export',
  'POST /containers/{id}/rename',
  'POST /containers/{id}/pause',
  'POST /containers/{id}/unpause',
  'GET /containers/{id}/attach/ws',
  'HEAD /containers/{id}/archive',
  'GET /containers/{id}/archive',
  'PUT /containers/{id}/archive',
  'POST /containers/prune',
  'PUT /volumes/{name}',
  'GET /info',
  'GET /version',
  'GET /_ping',
  'HEAD /_ping',
];
