import type { Duplex } from 'node:stream';
import { FrameDecoder, STDERR, SYSTEM_ERROR } from '../../api/index.ts';
import type { HijackedStream } from '../../client/index.ts';
import { CliError } from '../errors.ts';
import { standardInput } from '../input.ts';
import { DEFAULT_DETACH_KEYS, DetachFilter, parseDetachKeys } from './detach-keys.ts';
import { FdWriter } from './writer.ts';

export interface SessionOptions {
  /** Whether the container has a terminal; without one its output comes in frames. */
  readonly tty: boolean;
  /** Whether what is typed goes to the container. */
  readonly stdin: boolean;
  /** Whether output is shown. When it is not, the session ends with the input. */
  readonly output: boolean;
  readonly detachKeys: string;
}

export type SessionEnd = 'ended' | 'detached';

/**
 * Connects our standard streams with a container's until its output ends or the user detaches. Rejects when the
 * connection breaks.
 */
export async function runSession(hijacked: HijackedStream, options: SessionOptions): Promise<SessionEnd> {
  const { stream } = hijacked;
  const output = copyOutput(stream, options.tty);
  const input = options.stdin ? copyInput(stream, options) : undefined;
  if (!options.stdin) stream.end();
  const ends: Promise<SessionEnd>[] = [];
  if (options.output || !input) ends.push(output);
  // The end of our input is only half of the conversation, unless the other half is not shown.
  if (input) ends.push(input.then((end) => (end === 'detached' || !options.output ? end : output)));
  return await Promise.race(ends);
}

/** Copies output until its end, which must be written before it is reported. */
async function copyOutput(stream: Duplex, tty: boolean): Promise<SessionEnd> {
  const writers = { stdout: new FdWriter(1), stderr: new FdWriter(2) };
  const decoder = tty ? undefined : new FrameDecoder();
  await new Promise<void>((resolve, reject) => {
    if (stream.destroyed || stream.readableEnded) resolve();
    const take = (bytes: Buffer): void => {
      try {
        for (const writer of deliver(bytes, decoder, writers)) {
          if (stream.isPaused()) continue;
          stream.pause();
          void writer.settled().then(() => stream.resume());
        }
      } catch (error) {
        reject(error);
      }
    };
    stream.on('data', take);
    stream.once('end', resolve);
    stream.once('close', resolve);
    stream.once('error', (error) => (isHangUp(error) ? resolve() : reject(error)));
    stream.resume();
  });
  await Promise.all([writers.stdout.settled(), writers.stderr.settled()]);
  return 'ended';
}

/** Hands bytes to the writers; returns those that want a pause. */
function deliver(
  bytes: Buffer,
  decoder: FrameDecoder | undefined,
  writers: { stdout: FdWriter; stderr: FdWriter },
): FdWriter[] {
  if (!decoder) return writers.stdout.write(bytes) ? [] : [writers.stdout];
  const full: FdWriter[] = [];
  for (const { stream, data } of decoder.push(bytes)) {
    if (stream === SYSTEM_ERROR)
      throw new CliError(`error from daemon in stream: ${data.toString('utf8').trim()}`);
    const writer = stream === STDERR ? writers.stderr : writers.stdout;
    if (!writer.write(data)) full.push(writer);
  }
  return full;
}

/** Copies what is typed until its end or until the detach keys; the end is passed on as a half-close. */
async function copyInput(stream: Duplex, options: SessionOptions): Promise<SessionEnd> {
  const filter = options.tty ? new DetachFilter(keysOf(options.detachKeys)) : undefined;
  try {
    for await (const bytes of standardInput()) {
      const { pass, detached } = filter?.push(bytes) ?? { pass: bytes, detached: false };
      if (pass.length > 0 && stream.writable && !stream.write(pass)) await drained(stream);
      if (detached) return 'detached';
    }
  } catch {
    // A terminal that hung up, or input that cannot be read, is an end as well.
  }
  stream.end();
  return 'ended';
}

/** Resolves when there is room for more, or nobody left to take it. */
function drained(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      stream.off('drain', settle).off('close', settle);
      resolve();
    };
    stream.on('drain', settle).on('close', settle);
  });
}

/** Keys that cannot be read are an error where they are given; here they mean the usual ones. */
function keysOf(text: string): number[] {
  try {
    return parseDetachKeys(text || DEFAULT_DETACH_KEYS);
  } catch {
    return parseDetachKeys(DEFAULT_DETACH_KEYS);
  }
}

/** The container ended while we were still sending. */
function isHangUp(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EPIPE';
}
