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
  ...['--checkpoint', '--checkpoint-dir'].map(
    (flag): Refusal => ({
      row: `start ${flag}` as Row,
      given: [flag, '/nowhere'],
      error: `"${flag}" is only supported on a Docker daemon with experimental features enabled`,
    }),
  ),
  {
    row: 'rm --link',
    given: ['--link'],
    error: 'removing a link (--link) is not supported: remove the container that has it',
  },
  {
    row: 'run --volume-driver',
    given: ['--volume-driver', 'elsewhere', '-v', 'named:/data'],
    error: 'plugin "elsewhere" not found',
  },
  {
    row: 'PUT /volumes/{name}',
    given: { request: 'PUT /volumes/named', status: 503 },
    error: 'only cluster volumes can be updated',
  },
  {
    row: 'run --isolation',
    given: ['--isolation', 'hyperv'],
    error: `Invalid isolation: "hyperv" - linux only supports 'default'`,
  },
  {
    row: 'run --storage-opt',
    given: ['--storage-opt', 'size=10G'],
    error:
      'limiting the size of a root file system (--storage-opt) is not supported: give a tmpfs or a volume a size instead',
  },
  {
    row: 'run --runtime',
    given: ['--runtime', 'nosuch'],
    error: 'unknown or invalid runtime name: nosuch',
  },
  {
    row: 'run --userns',
    given: ['--userns', 'private'],
    error: '--userns: invalid USER mode',
  },
  {
    row: 'run --security-opt',
    given: ['--security-opt', 'nosuch=1'],
    error: 'invalid --security-opt',
  },
  ...['--cpu-count', '--cpu-percent', '--io-maxbandwidth', '--io-maxiops'].map(
    (flag): Refusal => ({
      row: `run ${flag}` as Row,
      given: [flag, '1'],
      error: `"${flag}" is only supported on a Docker daemon running on windows`,
    }),
  ),
];

/** Rows that no test answers for yet. One that is proven or refused may not stand here. */
export const UNPROVEN: readonly Row[] = [];
