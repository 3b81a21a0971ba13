import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../api/index.ts';
import type { RegistryConfig } from './config/schema.ts';
import type { Log } from './log.ts';
import { RegistryServer } from './server.ts';

/** What the thread tells the one that has started it. */
export type ThreadMessage =
  | { readonly kind: 'ready'; readonly urls: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string }
  | {
      readonly kind: 'log';
      readonly level: Parameters<Log>[0];
      readonly text: string;
      readonly fields: Readonly<Record<string, unknown>> | undefined;
    };

const tell = (message: ThreadMessage) => parentPort!.postMessage(message);

try {
  const config = workerData as RegistryConfig;
  const server = await RegistryServer.start(config, (level, text, fields) =>
    tell({ kind: 'log', level, text, fields }),
  );
  parentPort!.once('message', async () => {
    await server.stop();
    process.exit(0);
  });
  tell({ kind: 'ready', urls: server.urls });
} catch (error) {
  tell({ kind: 'refused', reason: messageOf(error) });
}
