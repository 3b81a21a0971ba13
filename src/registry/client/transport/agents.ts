import { Agent as PlainAgent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import { getCACertificates } from 'node:tls';
import { readCertificates } from './certificates.ts';
import { isLoopback } from './loopback.ts';

/** Connections to one host that are kept for the next request. */
const MAX_FREE = 16;

/**
 * Connections by host: kept open between requests, each host with its own certificates, through the proxy that the
 * environment names (HTTP_PROXY, HTTPS_PROXY, NO_PROXY). Dispose of it to close them.
 */
export class Agents implements Disposable {
  readonly #agents = new Map<string, Promise<PlainAgent>>();
  readonly #folders: readonly string[] | undefined;

  /** `folders`: where certificates are looked for, if not where Docker does. */
  constructor(folders?: readonly string[]) {
    this.#folders = folders;
  }

  /** The connections to the host of `url`; `verify` false takes any certificate. Throws InvalidArgument. */
  for(url: URL, verify: boolean): Promise<PlainAgent> {
    const key = `${url.origin} ${verify}`;
    let agent = this.#agents.get(key);
    if (agent === undefined) {
      agent = this.#make(url, verify);
      this.#agents.set(key, agent);
      // Whoever puts a missing file right need not start the engine again.
      agent.catch(() => this.#agents.delete(key));
    }
    return agent;
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents.values())
      agent.then(
        (it) => it.destroy(),
        () => {},
      );
    this.#agents.clear();
  }

  async #make(url: URL, verify: boolean): Promise<PlainAgent> {
    const common = {
      keepAlive: true,
      maxFreeSockets: MAX_FREE,
      // A proxy could not reach what is on this machine alone.
      ...(isLoopback(url.hostname) ? {} : { proxyEnv: process.env }),
    };
    if (url.protocol === 'http:') return new PlainAgent(common);
    const { authorities, pairs } = await readCertificates(url.host, this.#folders);
    return new SecureAgent({
      ...common,
      rejectUnauthorized: verify,
      ca: [...systemAuthorities(), ...authorities.map(String)],
      cert: pairs.map(({ cert }) => cert),
      key: pairs.map(({ key }) => key),
    });
  }
}

let known: string[] | undefined;

/** The system's authorities, as every other program on the machine has them; Node's own where it has none. */
function systemAuthorities(): string[] {
  known ??= getCACertificates('system');
  if (known.length === 0) known = getCACertificates('bundled');
  return known;
}
