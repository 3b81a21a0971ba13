import type { Client } from './client.ts';
import type { CreateNetwork, EndpointSettings, NetworkSummary } from './types.ts';

function at(network: string, action = ''): string {
  return `/networks/${encodeURIComponent(network)}${action}`;
}

/** Calls on networks. A network is named by its name, its ID, or a unique beginning of that. */
export class Networks {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  create(
    network: CreateNetwork,
    signal?: AbortSignal,
  ): Promise<{ readonly Id: string; readonly Warning?: string }> {
    return this.#client.json('POST', '/networks/create', { json: network, signal });
  }

  list(filters: string | undefined, signal?: AbortSignal): Promise<readonly NetworkSummary[]> {
    return this.#client.json('GET', '/networks', { query: { filters }, signal });
  }

  /** The engine's JSON as it came. */
  async inspectRaw(network: string, verbose: boolean, signal?: AbortSignal): Promise<string> {
    return (await this.#client.bytes('GET', at(network), { query: { verbose }, signal })).toString('utf8');
  }

  async connect(
    network: string,
    container: string,
    EndpointConfig: EndpointSettings,
    signal?: AbortSignal,
  ): Promise<void> {
    const json = { Container: container, EndpointConfig };
    await this.#client.bytes('POST', at(network, '/connect'), { json, signal });
  }

  async disconnect(network: string, container: string, force: boolean, signal?: AbortSignal): Promise<void> {
    const json = { Container: container, Force: force };
    await this.#client.bytes('POST', at(network, '/disconnect'), { json, signal });
  }

  async remove(network: string, signal?: AbortSignal): Promise<void> {
    await this.#client.bytes('DELETE', at(network), { signal });
  }
}
