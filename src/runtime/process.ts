import { type SpawnOptions, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** No helper's message is read further than this. */
const MAX_OUTPUT = 64 * 1024;

/** How a helper process ended. */
export interface ProcessResult {
  /** Exit code, 128 + n after signal n, 127 when it could not be started. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const SIGNAL_BASE = 128;
const KILLED = 9;

/** Runs a helper to its end and gives what it printed. Never throws: a helper that cannot be started is code 127. */
export function run(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<ProcessResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const stdout = collect(child.stdout!);
    const stderr = collect(child.stderr!);
    child.once('error', (error) =>
      resolve({ code: 127, stdout: '', stderr: `${command}: ${error.message}` }),
    );
    child.once('close', (code, signal) =>
      resolve({
        code: code ?? (signal === 'SIGKILL' ? SIGNAL_BASE + KILLED : SIGNAL_BASE),
        stdout: stdout(),
        stderr: stderr(),
      }),
    );
  });
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
