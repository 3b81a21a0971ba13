import { isIP } from 'node:net';
import { parseReference } from '../../../api/index.ts';
import { ANONYMOUS, type Credentials } from '../../client/credentials.ts';
import { RegistryClient } from '../../client/registry-client.ts';
import { Repository } from '../../client/repository.ts';
import type { Session } from '../../client/transport/session.ts';
import type { ProxyConfig, UpstreamConfig } from '../config/schema.ts';

/** Docker's registry keeps what has no other owner there. */
const DOCKER_HUB = /^(?:registry-1|index|registry)\.docker\.io$/;
const OFFICIAL = 'library/';

const ATTEMPTS = 3;

/** Which repositories are copies of which others, and the way to those. */
export class Upstreams implements Disposable {
  readonly #client = new RegistryClient({
    insecureRegistries: [],
    registryMirrors: [],
    maxDownloadAttempts: ATTEMPTS,
  });
  readonly #anyHost: boolean;
  /** The longest prefixes first. */
  readonly #mapped: readonly { prefix: string; hub: boolean; session: Session }[];

  constructor(config: ProxyConfig) {
    this.#anyHost = config.anyHost;
    this.#mapped = Object.entries(config.upstreams)
      .map(([prefix, upstream]) => ({
        prefix: prefix === '' ? '' : `${prefix}/`,
        hub: DOCKER_HUB.test(new URL(upstream.url).hostname),
        session: this.#sessionOf(upstream),
      }))
      .sort((a, b) => b.prefix.length - a.prefix.length);
  }

  /** Whether a repository is a copy. */
  has(name: string): boolean {
    return this.#mapped.some(({ prefix }) => name.startsWith(prefix)) || this.#hostOf(name) !== undefined;
  }

  /** Does something with the original of a repository, which must be a copy. Throws RegistryFailure as the client does. */
  async at<Result>(name: string, work: (repository: Repository) => Promise<Result>): Promise<Result> {
    const found = this.#mapped.find(({ prefix }) => prefix !== '' && name.startsWith(prefix));
    if (!found && this.#hostOf(name) !== undefined) {
      return await this.#client.atRepository(parseReference(name), {}, work);
    }
    const { prefix, hub, session } = found ?? this.#mapped.find((it) => it.prefix === '')!;
    const rest = name.slice(prefix.length);
    const path = hub && !rest.includes('/') ? OFFICIAL + rest : rest;
    return await work(new Repository(session, { path }, ['pull']));
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  #sessionOf({ url, username = '', password = '' }: UpstreamConfig): Session {
    const credentials: Credentials = { ...ANONYMOUS, username, password };
    return this.#client.session({ url: new URL(url), verify: true, mirror: false }, credentials);
  }

  /** The host that a name begins with. An address is none: whoever may pull could look around in the network behind. */
  #hostOf(name: string): string | undefined {
    if (!this.#anyHost) return undefined;
    const slash = name.indexOf('/');
    const first = name.slice(0, Math.max(slash, 0));
    return /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(first) && isIP(first) === 0 ? first : undefined;
  }
}
