import { type AuthConfig, authKeyOf } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import type { ImageReference } from '../reference.ts';

/** The user's credentials for the registry of an image. The store is loaded only where there may be any. */
export async function authFor(
  cli: Cli,
  { canonical }: Pick<ImageReference, 'canonical'>,
): Promise<AuthConfig> {
  const { auths, credsStore, credHelpers } = cli.config;
  if (!auths && !credsStore && !credHelpers) return {};
  const { CredentialStore } = await import('./credentials.ts');
  return new CredentialStore(cli).get(authKeyOf(canonical.slice(0, canonical.indexOf('/'))));
}
