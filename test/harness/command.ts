import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { buffer } from 'node:stream/consumers';

/** How a program ended and what it wrote. */
export interface Result {
  readonly command: string;
  /** Exit code; 128 + n when signal n ended it, as a shell has it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Written to standard input, which is then closed. Without it, standard input is /dev/null. */
  readonly input?: string | Buffer;
  /** Milliseconds after which the program is killed and the call throws; 60,000 unless told. */
  readonly timeout?: number;
}

/** Runs a program to its end. A failure of the program is a Result; throws only when it cannot start or takes too long. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Result> {
  const command = [program, ...args].join(' ');
  const child = start(program, args, {
    ...options,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const timeout = options.timeout ?? 60_000;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeout);
  // The program may end before it has read everything.
  child.stdin?.on('error', () => {}).end(options.input);
  try {
    const [code, stdout, stderr] = await Promise.all([
      exitCode(child),
      buffer(child.stdout!),
      buffer(child.stderr!),
    ]);
    const result = { command, code, stdout: stdout.toString(), stderr: stderr.toString() };
    if (late) throw new Error(`${command}: killed after ${timeout} ms\n${result.stdout}${result.stderr}`);
    return result;
  } finally {
    clearTimeout(timer);
  }
}

/** The standard output of a program that must succeed, without the last newline. */
export async function succeed(running: Promise<Result>): Promise<string> {
  const result = await running;
  if (result.code !== 0) {
    throw new Error(`${result.command}: exit code ${result.code}\n${result.stdout}${result.stderr}`);
  }
  return result.stdout.replace(/\n$/, '');
}

/** Starts a program; the caller sees to its end. */
export function start(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  return spawn(program, args, options);
}

/** Waits for the end of a process that was just started: its exit code, 128 + n after signal n. */
export function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? 128 + signalNumber(signal)));
  });
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : constants.signals[signal];
}
