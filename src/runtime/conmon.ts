import { closeSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Internal } from '../api/index.ts';
import { openPipe, spawnProcess } from '../linux/index.ts';
import type { Bundle } from './bundle.ts';
import { criuReasons } from './checkpoint.ts';
import { collect, helperEnvironment, readPipe, reaped } from './process.ts';
import { programPath } from './programs.ts';
import { runtimeExecutable } from './sealed-program.ts';
import { startFailure } from './start-failure.ts';

/** The OCI runtime that a container runs with. */
export interface OciRuntime {
  /** The program: crun, runc ... */
  readonly path: string;
  /** Arguments before the verb. */
  readonly args: readonly string[];
  /** Where it keeps its own state. */
  readonly root: string;
}

/** What conmon has to know of a container. */
export interface ConmonOptions {
  readonly id: string;
  readonly bundle: Bundle;
  readonly runtime: OciRuntime;
  /** Path of the log file; undefined to keep no log. */
  readonly logPath: string | undefined;
  /** Folder in which the exit code is left, in a file named after the container. */
  readonly exitDir: string;
  readonly tty: boolean;
  /** Whether the container has a standard input at all. */
  readonly stdin: boolean;
  /** Whether the input stays open when an attached client closes its own. */
  readonly keepStdin: boolean;
  /** The folder of a checkpoint: the container is not created but goes on from there, and runs when conmon reports. */
  readonly restore?: string | undefined;
}

/** The descriptor on which conmon reports the pid, or why there is none. */
const SYNC_FD = 3;

/**
 * Starts conmon, which creates the container (its first process waits for `start`) and stays with it until the end: it
 * holds its streams, writes its log and leaves its exit code, whatever becomes of the engine. Gives the pid of the first
 * process. Throws StartFailed with the runtime's reason, and leaves no process behind.
 */
export async function createContainer(options: ConmonOptions): Promise<number> {
  const conmon = startConmon(options);
  const errors = readPipe(conmon.stderr);
  const stderr = collect(errors);
  const report = await reported(readPipe(conmon.sync));
  errors.destroy();
  // What was started has forked and ended by now: conmon itself belongs to nobody.
  await reaped(conmon.pid);
  if (report === undefined) {
    throw new Internal(
      `conmon ended without a word for container ${options.id}: ${stderr().trim() || 'no message'}`,
    );
  }
  if (report.data > 0) return report.data;
  const reasons =
    options.restore === undefined ? '' : criuReasons(join(options.bundle.folder, 'restore.log'));
  throw startFailure(`${report.message ?? stderr()}${reasons}`);
}

/** A conmon that has been started, and the reading ends of its two pipes. */
interface StartedConmon {
  readonly pid: number;
  readonly sync: number;
  readonly stderr: number;
}

function startConmon(options: ConmonOptions): StartedConmon {
  const sync = openPipe();
  const stderr = openPipe();
  try {
    const pid = spawnProcess({
      path: programPath('conmon'),
      args: conmonArguments(options),
      cwd: options.bundle.folder,
      // Log lines carry UTC, as Docker's do.
      env: { ...helperEnvironment(), TZ: 'UTC', _OCI_SYNCPIPE: String(SYNC_FD) },
      fds: [undefined, undefined, stderr.writer, sync.writer],
    });
    return { pid, sync: sync.reader, stderr: stderr.reader };
  } catch (error) {
    closeSync(sync.reader);
    closeSync(stderr.reader);
    throw error;
  } finally {
    closeSync(sync.writer);
    closeSync(stderr.writer);
  }
}

function conmonArguments(options: ConmonOptions): string[] {
  const { id, bundle, runtime } = options;
  const runtimeArgs = [...runtime.args, `--root=${runtime.root}`].flatMap((arg) => ['--runtime-arg', arg]);
  return [
    ...['--api-version', '1', '-c', id, '-u', id, '-n', id],
    ...['-r', runtimeExecutable(runtime.path), ...runtimeArgs],
    ...['-b', bundle.folder, '-p', bundle.pidFile, '-P', bundle.conmonPidFile],
    ...['--exit-dir', options.exitDir, '--full-attach', '--no-sync-log', '--log-level', 'error'],
    ...['-l', options.logPath === undefined ? 'none' : `k8s-file:${options.logPath}`],
    ...(options.tty ? ['-t'] : []),
    ...(options.stdin ? ['-i'] : []),
    ...(options.keepStdin ? ['--leave-stdin-open'] : []),
    ...(options.restore === undefined ? [] : ['--restore', options.restore]),
  ];
}

interface Report {
  /** The pid, or a negative number. */
  readonly data: number;
  readonly message?: string;
}

/** conmon's one line on the pipe; undefined when the pipe closes without it. */
function reported(pipe: Readable): Promise<Report | undefined> {
  return new Promise((resolve) => {
    let text = '';
    const done = () => {
      pipe.destroy();
      resolve(parseReport(text));
    };
    pipe.setEncoding('utf8');
    pipe.on('data', (piece: string) => {
      text += piece;
      if (text.includes('\n')) done();
    });
    pipe.once('end', done);
    pipe.once('error', done);
  });
}

function parseReport(text: string): Report | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const { data, message } = value as { data?: unknown; message?: unknown };
    if (typeof data !== 'number') return undefined;
    return { data, ...(typeof message === 'string' && { message }) };
  } catch {
    return undefined;
  }
}
