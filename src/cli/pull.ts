import { type Client, Images } from '../client/index.ts';
import { showProgress } from './progress.ts';
import type { ImageReference } from './reference.ts';

/** Has the engine pull an image and shows its progress on standard error. Throws EngineError or CliError. */
export async function pullImage(
  client: Client,
  reference: ImageReference,
  options: { platform?: string | undefined; quiet: boolean },
): Promise<void> {
  const { canonical, digest, tag } = reference;
  const query = { fromImage: canonical, tag: digest || tag, platform: options.platform };
  // An empty object: no credentials.
  const headers = { 'X-Registry-Auth': 'e30=' };
  await showProgress(new Images(client).create(query, undefined, headers), options.quiet ? undefined : 2);
}
