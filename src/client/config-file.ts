import { readFileSync } from 'node:fs';

/** What the client reads of `config.json` in Docker's configuration folder. Unknown keys are left alone. */
export interface ConfigFile {
  readonly currentContext?: string;
  readonly HttpHeaders?: Readonly<Record<string, string>>;
  readonly detachKeys?: string;
  /** By registry: see `authKeyOf`. */
  readonly auths?: Readonly<Record<string, StoredAuth>>;
  /** The credential helper for all registries: `NAME` of `docker-credential-NAME`. */
  readonly credsStore?: string;
  /** Credential helpers by registry. */
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly psFormat?: string;
  readonly imagesFormat?: string;
  readonly statsFormat?: string;
  readonly networksFormat?: string;
  readonly volumesFormat?: string;
  readonly proxies?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Credentials as `config.json` has them. */
export interface StoredAuth {
  /** Base64 of `user:password`. */
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** The folder of `config.json`, contexts and certificates: DOCKER_CONFIG, else `~/.docker`. */
export function configDir(env: NodeJS.ProcessEnv = process.env): string {
  return env['DOCKER_CONFIG'] || `${env['HOME'] || '/root'}/.docker`;
}

/** Reads `config.json`. A folder without one is an empty configuration; one that is not JSON throws. */
export function readConfigFile(dir: string): ConfigFile {
  let text: string;
  try {
    text = readFileSync(`${dir}/config.json`, 'utf8');
  } catch {
    return {};
  }
  if (text.trim() === '') return {};
  const parsed: unknown = JSON.parse(text);
  return typeof parsed === 'object' && parsed !== null ? parsed : {};
}
