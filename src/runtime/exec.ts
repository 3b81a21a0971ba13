import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReadStream as TtyStream } from 'node:tty';
import { frame, STDERR, STDOUT } from '../api/index.ts';
import { openPty, setWindowSize } from '../linux/index.ts';
import type { Bundle } from './bundle.ts';
import type { OciRuntime } from './conmon.ts';
import type { OciProcess } from './spec/oci.ts';
import { startFailure } from './start-failure.ts';

/** A further process to run in a container. */
export interface ExecOptions {
  readonly id: string;
  readonly containerId: string;
  readonly bundle: Bundle;
  readonly runtime: OciRuntime;
  readonly process: OciProcess;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Rows and columns of the terminal at its start. */
  readonly size?: readonly [number, number] | undefined;
}

/** How an exec ended: its exit code, and the reason when it never began. */
export interface ExecEnd {
  readonly exitCode: number;
  readonly failure?: Error;
}

/** What crun itself exits with when it cannot start the process. */
const RUNTIME_FAILED = 255;
const SIGNAL_BASE = 128;
const GRACE_MS = 2000;
const NOTHING = Buffer.alloc(0);

/** A process that was started in a running container, as a child of the engine through `crun exec`. */
export class ExecProcess {
  /** The process's input; undefined when none was asked for. */
  readonly input: Writable | undefined;
  /** The process's output: frames, or bare bytes from a terminal. Ends after `close`. */
  readonly output: Readable;
  /** Resolves when the process has ended; its last output may still be on its way. See `close`. */
  readonly ended: Promise<ExecEnd>;
  readonly #output: PassThrough;
  readonly #drained: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #files: ExecFiles;
  readonly #terminal: TtyStream | undefined;

  constructor(options: ExecOptions) {
    this.#files = new ExecFiles(options.bundle.folder, options.id);
    this.#files.write(options.process);
    const start = options.process.terminal ? startOnTerminal : startOnPipes;
    const started = start(options, this.#files);
    this.#child = started.child;
    this.#terminal = started.terminal;
    this.input = options.stdin ? started.input : undefined;
    this.#output = started.output;
    this.output = started.output;
    this.#drained = started.drained;
    this.ended = this.#end();
  }

  /** The process's pid on the host; 0 until it runs. */
  get pid(): number {
    return this.#files.pid();
  }

  /** Sets the terminal's size; nothing happens without one. */
  resize(rows: number, columns: number): void {
    const fd = this.#terminal && terminalFd(this.#terminal);
    if (fd === undefined || fd < 0) return;
    setWindowSize(fd, rows, columns);
    // crun passes the size on to the container's terminal, but its own is not its controlling one: it must be told.
    this.#child.kill('SIGWINCH');
  }

  /**
   * Ends the output once all of it has come, with `lastWords` behind it. What the process left running in the background may
   * hold its streams open: after a moment they are no longer waited for.
   */
  async close(lastWords?: Buffer): Promise<void> {
    await Promise.race([this.#drained, sleep(GRACE_MS, undefined, { ref: false })]);
    if (!this.#output.writableEnded) this.#output.end(lastWords);
    this.#terminal?.destroy();
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  async #end(): Promise<ExecEnd> {
    const child = this.#child;
    const code = await new Promise<number>((resolve) => {
      child.once('error', () => resolve(RUNTIME_FAILED));
      child.once('exit', (exit) => resolve(exit ?? SIGNAL_BASE));
    });
    const said = code === RUNTIME_FAILED ? this.#files.log() : '';
    this.#files.remove();
    if (said === '') return { exitCode: code };
    const failure = startFailure(said);
    failure.message = failure.message.replace(/^.*?OCI runtime create failed:/, 'OCI runtime exec failed:');
    return { exitCode: failure.exitCode === 128 ? 126 : failure.exitCode, failure };
  }
}

/** The files by which crun is told what to run and tells what became of it. */
class ExecFiles {
  readonly #base: string;
  #pid = 0;

  constructor(folder: string, id: string) {
    this.#base = join(folder, `exec-${id}`);
  }

  write(process: OciProcess): void {
    writeFileSync(`${this.#base}.json`, JSON.stringify(process));
  }

  arguments(options: ExecOptions): string[] {
    const { runtime } = options;
    return [
      ...[...runtime.args, `--root=${runtime.root}`, `--log=${this.#base}.log`, 'exec'],
      ...['--process', `${this.#base}.json`, '--pid-file', `${this.#base}.pid`, options.containerId],
    ];
  }

  pid(): number {
    this.#pid ||= Number(this.#read('pid')) || 0;
    return this.#pid;
  }

  log(): string {
    return this.#read('log');
  }

  remove(): void {
    for (const suffix of ['json', 'pid', 'log']) rmSync(`${this.#base}.${suffix}`, { force: true });
  }

  #read(suffix: string): string {
    try {
      return readFileSync(`${this.#base}.${suffix}`, 'utf8');
    } catch {
      return '';
    }
  }
}

interface Started {
  readonly child: ChildProcess;
  readonly input: Writable | undefined;
  readonly output: PassThrough;
  /** Resolves when everything the process wrote is in `output`. */
  readonly drained: Promise<unknown>;
  readonly terminal?: TtyStream;
}

function startOnPipes(options: ExecOptions, files: ExecFiles): Started {
  const child = spawn(options.runtime.path, files.arguments(options), {
    stdio: [
      options.stdin ? 'pipe' : 'ignore',
      options.stdout ? 'pipe' : 'ignore',
      options.stderr ? 'pipe' : 'ignore',
    ],
    detached: true,
  });
  const output = new PassThrough();
  // Before there is a pid it is crun that speaks, and what it says is in its log too: `ended` tells it in Docker's words.
  const drained = Promise.all([
    child.stdout && forward(child.stdout, output, (bytes) => frame(STDOUT, bytes)),
    child.stderr &&
      forward(child.stderr, output, (bytes) => (files.pid() === 0 ? NOTHING : frame(STDERR, bytes))),
  ]);
  return { child, input: child.stdin ?? undefined, output, drained };
}

function startOnTerminal(options: ExecOptions, files: ExecFiles): Started {
  const pty = openPty();
  if (options.size !== undefined) setWindowSize(pty.master, ...options.size);
  const child = spawn(options.runtime.path, files.arguments(options), {
    stdio: [pty.slave, pty.slave, pty.slave],
    detached: true,
  });
  closeSync(pty.slave);
  const terminal = new TtyStream(pty.master);
  const output = new PassThrough();
  const drained = forward(terminal, output, (bytes) => bytes);
  return { child, input: terminal as unknown as Writable, output, drained, terminal };
}

/** Passes bytes on at the reader's pace. Resolves at the source's end; a terminal whose other side is gone has ended too. */
function forward(from: Readable, output: PassThrough, wrap: (bytes: Buffer) => Buffer): Promise<void> {
  from.on('data', (bytes: Buffer) => {
    // Nobody reads any more, but the process must not be left writing into a full pipe.
    if (output.destroyed || output.writableEnded || output.write(wrap(bytes))) return;
    from.pause();
    const resume = () => {
      output.off('drain', resume).off('close', resume);
      from.resume();
    };
    output.on('drain', resume).on('close', resume);
  });
  return new Promise((resolve) => {
    from.once('end', resolve);
    from.once('close', resolve);
    from.once('error', () => resolve());
  });
}

function terminalFd(terminal: TtyStream): number {
  return (terminal as unknown as { fd?: number }).fd ?? -1;
}
