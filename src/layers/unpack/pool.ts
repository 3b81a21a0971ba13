import { lstat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Internal, InvalidArgument, Unavailable } from '../../api/index.ts';
import { trimMemory } from '../../linux/index.ts';
import type { Job, JobAnswer, JobResult, JobResults, UnpackJob, UnpackResult } from './jobs.ts';
import type { TreeSummary } from './summary.ts';

const MAX_WORKERS = Math.max(2, Math.min(4, availableParallelism()));
/** A thread that unpacks a growing archive sleeps for most of its time, so more of them do no harm. */
const MAX_SLEEPERS = 16;
/** A worker without work is let go after so many milliseconds: an engine at rest keeps none. */
const IDLE = 3000;
/** A worker needs about 10 MB; this bounds what a hostile archive can make it hold. */
const HEAP_MB = 512;

interface Waiting {
  job: Job;
  resolve(result: JobResult): void;
  reject(error: Error): void;
}

/**
 * Worker threads that make and remove the files of layers, so that the engine's event loop never waits for the disk.
 * Jobs beyond the number of threads wait in turn.
 */
export class WorkerPool implements AsyncDisposable {
  readonly #queue: Waiting[] = [];
  readonly #idle = new Map<Worker, NodeJS.Timeout>();
  readonly #workers = new Set<Worker>();
  /** Workers that unpack an archive which still grows. */
  readonly #sleepers = new Set<Worker>();
  #closed = false;
  #threadsReady: Promise<unknown> | undefined;

  /**
   * Unpacks an archive. Throws InvalidArgument when the archive is to blame, Internal or Unavailable when it is not.
   */
  async unpack(job: Omit<UnpackJob, 'kind'>): Promise<UnpackResult> {
    return this.#submit({ kind: 'unpack', ...job });
  }

  /** Deletes a folder with everything in it; a missing one is no error. */
  async remove(folder: string): Promise<void> {
    await this.#submit({ kind: 'remove', folder });
  }

  /** Tells what is in a folder. Throws Internal when it cannot be read. */
  async summarise(folder: string): Promise<TreeSummary> {
    return this.#submit({ kind: 'summarise', folder });
  }

  /** Stops all threads at once. Jobs under way fail with Unavailable; what they made is garbage. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#queue.splice(0)) waiting.reject(stopping());
    for (const timer of this.#idle.values()) clearTimeout(timer);
    await Promise.all([...this.#workers].map((worker) => worker.terminate()));
  }

  async #submit<Kind extends Job['kind']>(job: Job & { kind: Kind }): Promise<JobResults[Kind]> {
    if (this.#closed) throw stopping();
    // Node's own threads take over the root of the thread that starts them, which must not be a confined one.
    this.#threadsReady ??= lstat('/');
    await this.#threadsReady;
    const { promise, resolve, reject } = Promise.withResolvers<JobResult>();
    this.#queue.push({ job, resolve, reject });
    this.#next();
    return (await promise) as JobResults[Kind];
  }

  #next(): void {
    if (this.#closed || this.#queue.length === 0) return;
    const index = this.#queue.findIndex(({ job }) => this.#hasRoomFor(job));
    if (index < 0) return;
    const [{ job, resolve, reject }] = this.#queue.splice(index, 1) as [Waiting];
    const worker = this.#take();
    if (grows(job)) this.#sleepers.add(worker);
    worker.ref();
    const settle = () => {
      this.#sleepers.delete(worker);
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
    };
    const onMessage = (answer: JobAnswer) => {
      settle();
      if (answer.ok) resolve(answer.result);
      else
        reject(
          answer.fault === 'archive' ? new InvalidArgument(answer.message) : new Internal(answer.message),
        );
      this.#rest(worker);
      this.#next();
    };
    const onError = (error: Error) => {
      settle();
      this.#workers.delete(worker);
      reject(new Internal(`unpacking failed: ${error.message}`, { cause: error }));
      this.#next();
    };
    const onExit = () => {
      settle();
      this.#workers.delete(worker);
      reject(stopping());
    };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage(job);
  }

  /** What waits for its bytes must not keep back what has them. */
  #hasRoomFor(job: Job): boolean {
    const asleep = this.#sleepers.size;
    if (grows(job)) return asleep < MAX_SLEEPERS;
    return this.#workers.size - this.#idle.size - asleep < MAX_WORKERS;
  }

  #take(): Worker {
    const [idle] = this.#idle;
    if (idle !== undefined) {
      const [worker, timer] = idle;
      clearTimeout(timer);
      this.#idle.delete(worker);
      return worker;
    }
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    this.#workers.add(worker);
    return worker;
  }

  #rest(worker: Worker): void {
    if (this.#closed) return;
    worker.unref();
    const dismiss = () => {
      this.#idle.delete(worker);
      this.#workers.delete(worker);
      void worker.terminate().then(trimMemory);
    };
    this.#idle.set(worker, setTimeout(dismiss, IDLE).unref());
  }
}

function grows(job: Job): boolean {
  return job.kind === 'unpack' && job.growth !== undefined;
}

function stopping(): Unavailable {
  return new Unavailable('the engine is stopping');
}
