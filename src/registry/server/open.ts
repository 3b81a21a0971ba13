import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RegistryConfig } from './config/schema.ts';
import { Content, Uploads } from './content/index.ts';
import { openStorage } from './storage/open.ts';

/** Opens what a registry holds, to be served or collected. Dispose it after its last use. */
export async function openContent(config: RegistryConfig): Promise<{ content: Content } & AsyncDisposable> {
  mkdirSync(config.root, { recursive: true, mode: 0o700 });
  const storage = await openStorage(config);
  const uploads = await Uploads.open(join(config.root, 'uploads'), config.limits.blobBytes);
  const content = new Content(storage, uploads, config.gc.grace);
  return { content, [Symbol.asyncDispose]: () => storage.close() };
}
