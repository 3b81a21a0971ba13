import type { AuthConfig } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../errors.ts';
import { changeConfig } from './config-change.ts';
import { CredentialHelper } from './helper.ts';

/**
 * The user's credentials for registries: in `config.json`, or with the credential helper that it names for a registry
 * (`credHelpers`) or for all (`credsStore`).
 */
export class CredentialStore {
  readonly #cli: Cli;

  constructor(cli: Cli) {
    this.#cli = cli;
  }

  /** The credentials for a key of `config.json` (see `authKeyOf`); empty when there are none. Throws CliError. */
  async get(key: string): Promise<AuthConfig> {
    const found = (await this.#helperFor(key)?.get(key)) ?? this.#fromFile(key);
    return found === undefined ? {} : { ...found, serveraddress: key };
  }

  /** Keeps credentials. Says whether they lie in the file, where everybody can read them who can read the file. */
  async store(key: string, auth: AuthConfig): Promise<{ inFile: boolean }> {
    const { username = '', password = '', identitytoken } = auth;
    const helper = this.#helperFor(key);
    if (helper !== undefined) {
      await helper.store(key, auth);
      // Its place in the list says that there are credentials.
      changeConfig(this.#cli.configDir, (config) => {
        config['auths'] = { ...authsOf(config), [key]: {} };
      });
      return { inFile: false };
    }
    const entry = {
      auth: Buffer.from(`${username}:${password}`).toString('base64'),
      ...(identitytoken ? { identitytoken } : {}),
    };
    changeConfig(this.#cli.configDir, (config) => {
      config['auths'] = { ...authsOf(config), [key]: entry };
    });
    return { inFile: true };
  }

  /** Forgets credentials. */
  async erase(key: string): Promise<void> {
    await this.#helperFor(key)?.erase(key);
    changeConfig(this.#cli.configDir, (config) => {
      const { [key]: _gone, ...others } = authsOf(config);
      config['auths'] = others;
    });
  }

  #helperFor(key: string): CredentialHelper | undefined {
    const { credHelpers = {}, credsStore } = this.#cli.config;
    const name = credHelpers[key] ?? credsStore;
    return name ? new CredentialHelper(name) : undefined;
  }

  #fromFile(key: string): AuthConfig | undefined {
    const auths = this.#cli.config.auths ?? {};
    const found = Object.entries(auths).find(([name]) => name === key || hostOf(name) === hostOf(key))?.[1];
    if (found === undefined) return undefined;
    const [username = '', ...password] = Buffer.from(found.auth ?? '', 'base64')
      .toString()
      .split(':');
    if (found.auth && password.length === 0) throw new CliError('invalid auth configuration file');
    return {
      username: found.username || username,
      password: found.password || password.join(':').replace(/\0+$/, ''),
      ...(found.identitytoken ? { identitytoken: found.identitytoken } : {}),
      ...(found.registrytoken ? { registrytoken: found.registrytoken } : {}),
    };
  }
}

function authsOf(config: Record<string, unknown>): Record<string, unknown> {
  const { auths } = config;
  return typeof auths === 'object' && auths !== null ? (auths as Record<string, unknown>) : {};
}

/** Older clients wrote whole URLs. */
function hostOf(name: string): string {
  return name.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}
