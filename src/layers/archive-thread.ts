import { lstat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { Internal, InvalidArgument, NotFound } from '../api/index.ts';
import type { ArchiveAnswer, ArchiveJob } from './archive-jobs.ts';
import type { PathStat } from './archive-stat.ts';

/** A worker may need so much for the names of a huge tree. */
const HEAP_MB = 1024;
/** How long a thread waits for a job, in milliseconds: an engine at rest keeps none. */
const IDLE = 3000;

/** A job under way in a thread of its own. */
export interface Work {
  /** Resolves when the files are in view; throws as `done`. */
  readonly begun: Promise<PathStat | undefined>;
  /** Throws NotFound, InvalidArgument, Internal. */
  readonly done: Promise<ArchiveAnswer & { kind: 'done' }>;
  /** Resolves, always, when the thread is gone. */
  readonly ended: Promise<void>;
}

/** A thread that has loaded its program and waits. */
interface Spare {
  readonly worker: Worker;
  readonly timer: NodeJS.Timeout;
}

let spare: Spare | undefined;

/**
 * Starts a job in a thread that does nothing else. Loading the program takes most of the time of a small job, and a copy
 * is a look followed by a job: so one more thread is made ready meanwhile.
 */
export async function begin(job: ArchiveJob): Promise<Work> {
  // Node's own threads take over the root of the thread that starts them, which must not be a confined one.
  await lstat('/');
  const begun = Promise.withResolvers<PathStat | undefined>();
  const done = Promise.withResolvers<ArchiveAnswer & { kind: 'done' }>();
  const ended = Promise.withResolvers<void>();
  const fail = (error: Error) => {
    begun.reject(error);
    done.reject(error);
  };
  begun.promise.catch(() => {});
  done.promise.catch(() => {});
  takeThread()
    .on('message', (answer: ArchiveAnswer) => {
      if (answer.kind === 'begun') begun.resolve(answer.stat);
      else if (answer.kind === 'failed') fail(errorOf(answer));
      else done.resolve(answer);
    })
    .on('error', (error: Error) => fail(new Internal(`archive: ${error.message}`, { cause: error })))
    .on('exit', () => {
      fail(new Internal('archive: the work was broken off'));
      ended.resolve();
    })
    .postMessage(job);
  spare ??= makeSpare();
  return { begun: begun.promise, done: done.promise, ended: ended.promise };
}

function takeThread(): Worker {
  if (spare === undefined) return makeThread();
  const { worker, timer } = spare;
  spare = undefined;
  clearTimeout(timer);
  worker.removeAllListeners();
  worker.ref();
  return worker;
}

function makeSpare(): Spare {
  const worker = makeThread();
  const forget = () => {
    if (spare?.worker !== worker) return;
    clearTimeout(spare.timer);
    spare = undefined;
  };
  const dismiss = () => {
    forget();
    void worker.terminate();
  };
  worker.on('error', forget).on('exit', forget);
  worker.unref();
  return { worker, timer: setTimeout(dismiss, IDLE).unref() };
}

function makeThread(): Worker {
  return new Worker(new URL('./archive-worker.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
}

function errorOf({ reason, message }: ArchiveAnswer & { kind: 'failed' }): Error {
  if (reason === 'missing') return new NotFound(message);
  return reason === 'argument' ? new InvalidArgument(message) : new Internal(message);
}
