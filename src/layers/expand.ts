import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InvalidArgument, Unavailable } from '../api/index.ts';
import {
  type ForeignCompression,
  foreignCompression,
  limited,
  peek,
  type SizeLimits,
} from './compression.ts';

/** The programs that unpack what Node cannot, and the Debian package of each. */
const PROGRAMS: Readonly<Record<ForeignCompression, { args: readonly string[]; from: string }>> = {
  xz: { args: ['xz', '--decompress', '--stdout', '--memlimit-decompress=512MiB'], from: 'xz-utils' },
  bzip2: { args: ['bzip2', '--decompress', '--stdout'], from: 'bzip2' },
};

/** Nobody's user, without any capability, file to write, or memory beyond 1 GiB: it reads bytes from strangers. */
const CONFINED = [
  ...['--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs', '--bounding-set=-all', '--'],
  ...['prlimit', '--as=1073741824', '--fsize=0', '--core=0', '--nofile=16', '--'],
];
const NOT_FOUND = [126, 127];

/**
 * The bytes of a stream, unpacked when they are compressed with xz or bzip2, and else as they are. Throws InvalidArgument
 * when the compressed data is corrupted, truncated, or holds more than `limits` allow, Unavailable when the machine does
 * not have the program.
 */
export async function* expand(
  source: AsyncIterable<Uint8Array>,
  limits: SizeLimits,
): AsyncGenerator<Uint8Array> {
  const { head, whole } = await peek(source);
  const compression = foreignCompression(head);
  if (compression === undefined) yield* whole;
  else yield* limited(whole, (counted) => run(counted, compression), limits);
}

async function* run(
  source: AsyncIterable<Uint8Array>,
  compression: ForeignCompression,
): AsyncGenerator<Uint8Array> {
  const { args, from } = PROGRAMS[compression];
  const child = spawn('setpriv', [...CONFINED, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = once(child, 'close') as Promise<[number | null]>;
  ended.catch(() => {});
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < 1000) complaint += text;
  });
  let sourceError: unknown;
  const guarded = async function* () {
    try {
      yield* source;
    } catch (error) {
      sourceError = error;
      throw error;
    }
  };
  const feeding = pipeline(Readable.from(guarded(), { objectMode: false }), child.stdin);
  // The program's own end says more.
  feeding.catch(() => {});
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
    const [code] = await ended;
    if (sourceError !== undefined) throw sourceError;
    if (code === 0) return;
    if (code !== null && NOT_FOUND.includes(code)) {
      throw new Unavailable(
        `the archive is compressed with ${compression}: install the package ${from}, or recompress it with gzip or zstd`,
      );
    }
    throw new InvalidArgument(`corrupted ${compression} stream: ${complaint.trim() || `exit code ${code}`}`);
  } finally {
    child.kill('SIGKILL');
    await ended.catch(() => {});
  }
}
