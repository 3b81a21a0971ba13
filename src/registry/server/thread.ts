import { Worker } from 'node:worker_threads';
import { InvalidArgument } from '../../api/index.ts';
import type { RegistryConfig } from './config/schema.ts';
import type { Log } from './log.ts';
import type { ThreadMessage } from './worker.ts';

/** Milliseconds after which a thread that has ended by mistake is started anew. */
const RESTART_PAUSE = 1000;

/** A registry in a thread of this process. */
export interface RegistryThread extends AsyncDisposable {
  readonly urls: readonly string[];
}

/**
 * Serves a registry from a thread of its own, so that hashing what is pushed keeps nobody else in the process waiting.
 * Throws InvalidArgument when it cannot start; later failures are logged, and it is started again.
 */
export async function startRegistryThread(config: RegistryConfig, log: Log): Promise<RegistryThread> {
  let isWanted = true;
  let worker: Worker;
  const start = async (): Promise<readonly string[]> => {
    const begun = new Worker(new URL('./worker.ts', import.meta.url), { workerData: config });
    worker = begun;
    const ready = Promise.withResolvers<readonly string[]>();
    begun.on('message', (message: ThreadMessage) => {
      if (message.kind === 'log') log(message.level, message.text, message.fields);
      else if (message.kind === 'ready') ready.resolve(message.urls);
      else ready.reject(new InvalidArgument(`the registry does not start: ${message.reason}`));
    });
    begun.on('error', (error: Error) =>
      log('error', `the registry has failed: ${error.message}`, { stack: error.stack }),
    );
    const exited = new Promise<void>((resolve) => begun.once('exit', () => resolve()));
    const urls = await Promise.race([ready.promise, exited.then(() => [])]);
    if (urls.length === 0) throw new InvalidArgument('the registry does not start');
    void exited.then(restart);
    return urls;
  };
  const restart = (): void => {
    if (!isWanted) return;
    log('error', 'the registry has ended by mistake, and is started again');
    setTimeout(() => {
      if (isWanted) start().catch(restart);
    }, RESTART_PAUSE).unref();
  };
  const urls = await start();
  return {
    urls,
    async [Symbol.asyncDispose]() {
      isWanted = false;
      const exited = new Promise((resolve) => worker.once('exit', resolve));
      worker.postMessage('stop');
      await exited;
    },
  };
}
