import { API_VERSION, formatApiVersion } from '../api/index.ts';
import {
  Client,
  type ConfigFile,
  configDir,
  type ResolvedEndpoint,
  readConfigFile,
  resolveEndpoint,
  type TlsOptions,
  tlsFromDir,
} from '../client/index.ts';
import { CliError } from './errors.ts';
import type { GlobalValues } from './global-flags.ts';
import { complain } from './output.ts';

/** What every command is given: the way to the engine and the user's configuration, each found when first asked for. */
export class Cli {
  /** The command as the user typed it, such as `container ls`. */
  readonly name: string;
  readonly #globals: GlobalValues;
  #config: ConfigFile | undefined;
  #resolved: Promise<ResolvedEndpoint> | undefined;
  #client: Promise<Client> | undefined;

  constructor(name: string, globals: GlobalValues) {
    this.name = name;
    this.#globals = globals;
  }

  get debug(): boolean {
    return this.#globals.debug;
  }

  get configDir(): string {
    return this.#globals.config || configDir();
  }

  /** The user's `config.json`. One that is not JSON is reported and not used. */
  get config(): ConfigFile {
    this.#config ??= this.#readConfig();
    return this.#config;
  }

  endpoint(): Promise<ResolvedEndpoint> {
    this.#resolved ??= this.#resolve();
    return this.#resolved;
  }

  client(): Promise<Client> {
    this.#client ??= this.#open();
    return this.#client;
  }

  /** The newest API version that this client speaks, whatever the engine does. */
  get newestVersion(): string {
    return process.env['DOCKER_API_VERSION'] || formatApiVersion(API_VERSION);
  }

  async #open(): Promise<Client> {
    const { endpoint } = await this.endpoint();
    return new Client({
      endpoint,
      headers: this.config.HttpHeaders ?? {},
      version: process.env['DOCKER_API_VERSION'] || undefined,
    });
  }

  #readConfig(): ConfigFile {
    try {
      return readConfigFile(this.configDir);
    } catch (error) {
      complain(
        `WARNING: Error parsing config file (${this.configDir}/config.json): ${(error as Error).message}`,
      );
      return {};
    }
  }

  async #resolve(): Promise<ResolvedEndpoint> {
    const { host, context } = this.#globals;
    if (host.length > 1) throw new CliError('specify only one -H');
    try {
      return await resolveEndpoint({
        host: host[0],
        context: context || undefined,
        tls: this.#tls(),
        configDir: this.configDir,
        config: () => this.config,
      });
    } catch (error) {
      const { message } = error as Error;
      const reason = message.startsWith('conflicting')
        ? message
        : `Failed to initialize: unable to resolve docker endpoint: ${message}`;
      throw new CliError(reason, 1, { cause: error });
    }
  }

  #tls(): TlsOptions | undefined {
    const { tls, tlsverify, tlscacert, tlscert, tlskey } = this.#globals;
    if (!tls && !tlsverify && !tlscacert && !tlscert && !tlskey) return undefined;
    const usual = tlsFromDir(process.env['DOCKER_CERT_PATH'] || this.configDir, tlsverify);
    return {
      ca: tlscacert || usual.ca,
      cert: tlscert || usual.cert,
      key: tlskey || usual.key,
      verify: tlsverify || Boolean(process.env['DOCKER_TLS_VERIFY']),
    };
  }
}
