import { closeSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { frame, STDERR, STDOUT } from '../api/index.ts';
import { openPipe, spawnProcess } from '../linux/index.ts';
import type { Relay } from './attach/relay.ts';
import type { Bundle } from './bundle.ts';
import type { OciRuntime } from './conmon.ts';
import { helperEnvironment, readPipe, reaped, startTime } from './process.ts';
import { runtimeExecutable } from './sealed-program.ts';
import type { OciProcess } from './spec/oci.ts';
import { startFailure } from './start-failure.ts';
import { forward, Terminal } from './terminal.ts';

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
  readonly relay: Relay;
}

/** How an exec ended: its exit code, and the reason when it never began. */
export interface ExecEnd {
  readonly exitCode: number;
  readonly failure?: Error;
}

/** What crun itself exits with when it cannot start the process. */
const RUNTIME_FAILED = 255;
const GRACE_MS = 2000;
const POLL_MS = 2;

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
  readonly #crun: number;
  readonly #sources: readonly Readable[];
  readonly #files: ExecFiles;
  readonly #terminal: Terminal | undefined;

  constructor(options: ExecOptions) {
    this.#files = new ExecFiles(options.bundle.folder, options.id);
    this.#files.write(options.process);
    const start = options.process.terminal ? startOnTerminal : startOnPipes;
    const started = start(options, this.#files);
    this.#crun = started.pid;
    this.#sources = started.sources;
    this.#terminal = started.terminal;
    this.input = options.stdin ? started.input : undefined;
    this.#output = started.output;
    this.output = started.output;
    this.#drained = started.drained;
    this.ended = this.#end(options);
  }

  /** The process's pid on the host; 0 until it runs. */
  get pid(): number {
    return this.#files.pid();
  }

  /** Resolves when the process has come to run, and when it is clear that it never will; see `ended` for the reason. */
  begun(): Promise<void> {
    return this.#files.whenBegun(this.#crun, () => Promise.resolve());
  }

  /** Kills the process, as soon as it runs, and what it has started in its process group. */
  async kill(): Promise<void> {
    await Promise.race([this.begun(), this.ended]);
    const pid = this.pid;
    if (pid !== 0 && startTime(pid) !== undefined) killGroup(pid);
  }

  /** Sets the terminal's size; nothing happens without one, or before it is there. */
  resize(rows: number, columns: number): void {
    this.#terminal?.resize(rows, columns);
  }

  /**
   * Ends the output once all of it has come, with `lastWords` behind it. What the process left running in the background may
   * hold its streams open: after a moment they are no longer waited for.
   */
  async close(lastWords?: Buffer): Promise<void> {
    await Promise.race([this.#drained, sleep(GRACE_MS, undefined, { ref: false })]);
    if (!this.#output.writableEnded) this.#output.end(lastWords);
    for (const source of this.#sources) source.destroy();
    this.#terminal?.close();
  }

  async #end({ relay }: ExecOptions): Promise<ExecEnd> {
    await relay.ended(this.#crun);
    const code = await reaped(this.#crun);
    // A process that was quick is known by its file alone, which goes now.
    const began = this.#files.pid() !== 0;
    // crun may fail with other codes before there is a process, for instance when the container has as many as it may have.
    const reason = code === RUNTIME_FAILED || !began ? this.#files.log() : '';
    this.#files.remove();
    // The reason goes with the bundle when the container ends meanwhile.
    const said = reason === '' && code === RUNTIME_FAILED && !began ? 'the container has ended' : reason;
    if (said === '') return { exitCode: code };
    const failure = startFailure(said);
    failure.message = failure.message.replace(/^.*?OCI runtime create failed:/, 'OCI runtime exec failed:');
    return { exitCode: failure.exitCode === 128 ? 126 : failure.exitCode, failure };
  }
}

/**
 * Kills the execs whose IDs begin with `prefix` that an engine which is no more has left in a container, and takes their
 * files away.
 */
export function killAbandonedExecs({ folder }: Bundle, containerId: string, prefix: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`exec-${prefix}`)) continue;
    const path = join(folder, name);
    const pid = name.endsWith('.pid') ? Number(readFileSync(path, 'utf8')) : 0;
    if (pid > 0 && isIn(pid, containerId)) killGroup(pid);
    rmSync(path, { force: true });
  }
}

/** Whether a pid is still that of a process in the container's cgroup. */
function isIn(pid: number, containerId: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(containerId);
  } catch {
    return false;
  }
}

/** Kills a process and those of its group: crun starts every process in a new one, which has the process's children too. */
function killGroup(pid: number): void {
  const group = groupOf(pid);
  const targets = group === undefined || group === groupOf(process.pid) ? [pid] : [-group, pid];
  for (const target of targets) {
    try {
      process.kill(target, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

/** Field 5 of proc_pid_stat(5); undefined for a process that is gone, or whose group is of no namespace of ours. */
function groupOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]) || undefined;
  } catch {
    return undefined;
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

  arguments(options: ExecOptions, more: readonly string[]): string[] {
    const { runtime } = options;
    return [
      ...[...runtime.args, `--root=${runtime.root}`, `--log=${this.#base}.log`, 'exec'],
      ...['--process', `${this.#base}.json`, '--pid-file', `${this.#base}.pid`, ...more, options.containerId],
    ];
  }

  pid(): number {
    this.#pid ||= Number(this.#read('pid')) || 0;
    return this.#pid;
  }

  /**
   * Calls `body` once the process has come to run, if it does. Until that is known it is crun that speaks on the error output
   * and on the terminal, in its own words: nothing is to be read from them before.
   */
  async whenBegun(crun: number, body: () => Promise<void>): Promise<void> {
    while (this.pid() === 0 && startTime(crun) !== undefined) await sleep(POLL_MS);
    if (this.pid() !== 0) await body();
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
  /** Of crun, which stays until the process ends. */
  readonly pid: number;
  readonly input: Writable | undefined;
  readonly output: PassThrough;
  /** Where the output comes from. */
  readonly sources: readonly Readable[];
  /** Resolves when everything the process wrote is in `output`. */
  readonly drained: Promise<unknown>;
  readonly terminal?: Terminal;
}

function startOnPipes(options: ExecOptions, files: ExecFiles): Started {
  const stdin = options.stdin ? openPipe() : undefined;
  const stdout = options.stdout ? openPipe() : undefined;
  const stderr = options.stderr ? openPipe() : undefined;
  const output = new PassThrough();
  const out = stdout && readPipe(stdout.reader);
  const errors = stderr && readPipe(stderr.reader);
  const input = stdin && new Socket({ fd: stdin.writer, readable: false, writable: true });
  const sources = [out, errors].filter((source) => source !== undefined);
  try {
    const pid = startCrun(options, files, [stdin?.reader, stdout?.writer, stderr?.writer]);
    const drained = Promise.all([
      out && forward(out, output, (bytes) => frame(STDOUT, bytes)),
      errors && files.whenBegun(pid, () => forward(errors, output, (bytes) => frame(STDERR, bytes))),
    ]);
    return { pid, input, output, sources, drained };
  } catch (error) {
    input?.destroy();
    for (const source of sources) source.destroy();
    throw error;
  } finally {
    for (const fd of [stdin?.reader, stdout?.writer, stderr?.writer]) if (fd !== undefined) closeSync(fd);
  }
}

function startOnTerminal(options: ExecOptions, files: ExecFiles): Started {
  const path = options.bundle.terminalSocket(options.id);
  const terminal = new Terminal(options.relay, path);
  try {
    const pid = startCrun(options, files, [undefined, undefined, undefined], ['--console-socket', path]);
    const { input, output } = terminal;
    const drained = files.whenBegun(pid, () => terminal.forward());
    return { pid, input, output, sources: [], drained, terminal };
  } catch (error) {
    terminal.close();
    throw error;
  }
}

function startCrun(
  options: ExecOptions,
  files: ExecFiles,
  fds: ReadonlyArray<number | undefined>,
  more: readonly string[] = [],
): number {
  return spawnProcess({
    path: runtimeExecutable(options.runtime.path),
    args: files.arguments(options, more),
    env: helperEnvironment(),
    fds,
    // The process inherits it: crun reads it from the specification of a container only, not from that of an exec.
    oomScoreAdj: options.process.oomScoreAdj,
  });
}
