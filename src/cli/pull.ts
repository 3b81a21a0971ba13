import { type Client, Images } from '../client/index.ts';
import { showProgress } from './progress.ts';

/** Has the engine pull an image and shows its progress on standard error. Throws EngineError or CliError. */
export async function pullImage(
  client: Client,
  reference: string,
  options: { platform?: string | undefined; quiet: boolean },
): Promise<void> {
  const [name, tag] = splitReference(reference);
  const query = { fromImage: name, tag, platform: options.platform };
  // An empty object: no credentials.
  const headers = { 'X-Registry-Auth': 'e30=' };
  await showProgress(new Images(client).create(query, undefined, headers), options.quiet ? undefined : 2);
}

function splitReference(reference: string): [string, string] {
  const at = reference.indexOf('@');
  if (at >= 0) return [reference.slice(0, at).replace(/:[\w.-]+$/, ''), reference.slice(at + 1)];
  const colon = reference.lastIndexOf(':');
  return [reference.slice(0, colon), reference.slice(colon + 1)];
}
