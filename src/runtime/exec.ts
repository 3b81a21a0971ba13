import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Duplex, PassThrough, type Readable, type Writable } from 'node:stream';
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

/** A process that was started in a running container, as a child of the engine through `crun exec`. */
export class ExecProcess {
  /** The process's input; undefined when none was asked for. */
  readonly input: Writable | undefined;
  /** The process's output: frames, or bare bytes from a terminal. Ends when the process's output does. */
  readonly output: Readable;
  readonly ended: Promise<ExecEnd>;
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
    this.output = started.output;
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
    return Number(this.#read('pid')) || 0;
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
  readonly output: Readable;
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
  const sources = [
    ...(child.stdout === null ? [] : [{ stream: STDOUT, from: child.stdout }]),
    ...(child.stderr === null ? [] : [{ stream: STDERR, from: child.stderr }]),
  ];
  return { child, input: child.stdin ?? undefined, output: multiplex(sources) };
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
  terminal.on('data', (bytes) => {
    if (!output.write(bytes)) terminal.pause();
  });
  output.on('drain', () => terminal.resume());
  // A terminal whose other end is closed reads as an I/O error: for the client that is the end.
  terminal.on('error', () => output.end());
  terminal.on('end', () => output.end());
  terminal.on('close', () => output.end());
  output.on('close', () => terminal.destroy());
  return { child, input: terminal as unknown as Duplex, output, terminal };
}

/** Joins streams into frames, in the order in which their bytes arrive, and ends when all have ended. */
function multiplex(sources: ReadonlyArray<{ stream: number; from: Readable }>): Readable {
  const output = new PassThrough();
  let open = sources.length;
  const close = () => {
    open--;
    if (open <= 0) output.end();
  };
  if (open === 0) close();
  for (const { stream, from } of sources) {
    from.on('data', (bytes: Buffer) => {
      if (output.write(frame(stream, bytes))) return;
      from.pause();
      output.once('drain', () => from.resume());
    });
    from.once('close', close);
    from.on('error', () => {});
  }
  // A client that has gone must not leave the process writing into a full pipe for ever.
  output.once('close', () => {
    for (const { from } of sources) from.resume();
  });
  return output;
}

function terminalFd(terminal: TtyStream): number {
  return (terminal as unknown as { fd?: number }).fd ?? -1;
}
