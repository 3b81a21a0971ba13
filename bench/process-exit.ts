import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Epoll, pidfdOpen, READABLE } from '../src/linux/index.ts';

/** The end of a process to come. */
export interface ProcessExit {
  /** Resolves when the watch has begun. */
  readonly watching: Promise<void>;
  /** Milliseconds since 1970, with fractions. */
  readonly at: Promise<number>;
}

/** Watches for the moment at which a process that is nobody's child here ends, in a thread that does nothing else. */
export function watchExit(pid: number): ProcessExit {
  const worker = new Worker(import.meta.filename, { workerData: pid });
  const watching = Promise.withResolvers<void>();
  const at = Promise.withResolvers<number>();
  worker.on('message', (message: 'watching' | number) => {
    if (message === 'watching') watching.resolve();
    else at.resolve(message);
  });
  worker.on('error', (error: Error) => {
    watching.reject(error);
    at.reject(error);
  });
  return { watching: watching.promise, at: at.promise };
}

if (!isMainThread) {
  const epoll = new Epoll();
  epoll.add(pidfdOpen(workerData as number), READABLE);
  parentPort!.postMessage('watching');
  while (epoll.wait().length === 0);
  parentPort!.postMessage(performance.timeOrigin + performance.now());
}
