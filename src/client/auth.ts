/** Who a user is to a registry, in the form of the Engine API. */
export interface AuthConfig {
  readonly username?: string;
  readonly password?: string;
  /** Stands for the password. */
  readonly identitytoken?: string;
  readonly registrytoken?: string;
  readonly serveraddress?: string;
}

/** The name under which `config.json` keeps the credentials for Docker Hub. */
export const HUB_KEY = 'https://index.docker.io/v1/';

/** The X-Registry-Auth header. */
export function authHeader(auth: AuthConfig): Record<string, string> {
  return { 'X-Registry-Auth': Buffer.from(JSON.stringify(auth)).toString('base64url') };
}

/** The name under which `config.json` keeps the credentials for a registry, by its host. */
export function authKeyOf(host: string): string {
  return host === 'docker.io' || host === 'index.docker.io' ? HUB_KEY : host;
}
