import { closeSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPipe, reap, spawnProcess } from '../linux/index.ts';

/** No helper's message is read further than this. */
const MAX_OUTPUT = 64 * 1024;

/** How a helper process ended. */
export interface ProcessResult {
  /** Exit code, or 128 + n after signal n. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const REAP_MS = 1;

/** Runs a helper to its end and gives what it printed. Throws SyscallError when it cannot be started. */
export async function run(path: string, args: readonly string[]): Promise<ProcessResult> {
  const stdout = openPipe();
  const stderr = openPipe();
  let pid: number;
  try {
    pid = spawnProcess({
      path,
      args,
      env: helperEnvironment(),
      fds: [undefined, stdout.writer, stderr.writer],
    });
  } catch (error) {
    closeSync(stdout.reader);
    closeSync(stderr.reader);
    throw error;
  } finally {
    closeSync(stdout.writer);
    closeSync(stderr.writer);
  }
  const [out, errors] = await Promise.all([readAll(stdout.reader), readAll(stderr.reader)]);
  return { code: await reaped(pid), stdout: out, stderr: errors };
}

/** The environment of helpers: XDG_RUNTIME_DIR, for one, would lead the runtime to another state folder. */
export function helperEnvironment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' };
}

/** The exit code of a child that has ended or is about to. */
export async function reaped(pid: number): Promise<number> {
  for (;;) {
    const code = reap(pid);
    if (code !== undefined) return code;
    await sleep(REAP_MS);
  }
}

/** Takes the reading end of a pipe over as a stream. */
export function readPipe(reader: number): Readable {
  return new Socket({ fd: reader, readable: true, writable: false });
}

async function readAll(reader: number): Promise<string> {
  const stream = readPipe(reader);
  const text = collect(stream);
  await new Promise((resolve) => stream.once('close', resolve));
  return text();
}

/** Reads a stream up to the limit; the function gives what has come so far. */
export function collect(stream: Readable, limit = MAX_OUTPUT): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    if (size < limit) chunks.push(chunk);
    size += chunk.length;
  });
  stream.on('error', () => {});
  return () => Buffer.concat(chunks).toString('utf8', 0, limit);
}

/**
 * A process's start time in clock ticks since boot, field 22 of proc_pid_stat(5): together with the pid it names a process
 * for good, because pids are used again. Undefined when there is no such process, or when it is a zombie.
 */
export function startTime(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold anything: the fields that count come after the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19]);
  } catch {
    return undefined;
  }
}
