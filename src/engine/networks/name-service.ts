import { type DnsClient, Forwarder, NameServer, Names } from '../../network/index.ts';
import type { EngineConfig } from '../config.ts';
import type { Catalogue } from './catalogue.ts';
import { effectiveDns, searchesFirst, upstreamsOf } from './dns.ts';
import type { Endpoint, Naming, Sandbox } from './sandbox.ts';
import { PREDEFINED } from './store.ts';

export interface NameServiceParts {
  readonly config: EngineConfig;
  readonly catalogue: Catalogue;
  /** What a container has of networks at present. */
  readonly sandboxOf: (containerId: string) => Sandbox | undefined;
}

/** Whether containers find each other by name in the network of an endpoint: not in the engine's own networks, as Docker. */
function isNamed({ networkName }: Endpoint): boolean {
  return !PREDEFINED.has(networkName);
}

const NO_LINKS: ReadonlyMap<string, string> = new Map();

function linksOf(endpoints: readonly Endpoint[]): ReadonlyMap<string, string> {
  const links = endpoints.flatMap(({ links = [] }) => links.map(linkOf));
  return links.length === 0 ? NO_LINKS : new Map(links);
}

/** `NAME:ALIAS`, or `NAME` alone, as the alias and the name. */
function linkOf(link: string): [alias: string, name: string] {
  const [name = '', alias = name] = link.split(':');
  return [alias.toLowerCase(), name];
}

/** The names of the containers in networks of the user's own, and the name servers that answer for them. */
export class NameService {
  readonly #parts: NameServiceParts;
  readonly #names = new Names();
  readonly #forwarder = new Forwarder();
  readonly #namings = new Map<string, Naming>();
  /** By container ID. */
  readonly #servers = new Map<string, NameServer>();
  /** By endpoint ID. */
  readonly #entries = new Map<string, Disposable>();

  constructor(parts: NameServiceParts) {
    this.#parts = parts;
  }

  /** Whether a container with these endpoints has a name server of the engine's. */
  isNeeded(endpoints: readonly Endpoint[]): boolean {
    return endpoints.some(isNamed);
  }

  /** Says what a container is called from now on. Those that others know already by its old names change at once. */
  introduce(containerId: string, naming: Naming): void {
    this.#namings.set(containerId, naming);
    for (const endpoint of this.#parts.sandboxOf(containerId)?.endpoints ?? []) {
      if (this.#entries.has(endpoint.endpointId)) this.publish(containerId, [endpoint]);
    }
  }

  /** Makes a container known in networks. */
  publish(containerId: string, endpoints: readonly Endpoint[]): void {
    const { names = [] } = this.#namings.get(containerId) ?? {};
    for (const endpoint of endpoints.filter(isNamed)) {
      const { networkId, networkName, endpointId, aliases, ipAddress, ipv6Address } = endpoint;
      this.#entries.get(endpointId)?.[Symbol.dispose]();
      const all = [...names, ...aliases];
      if (all.length === 0) continue;
      const addresses = [ipAddress, ipv6Address].filter((address) => address !== '');
      this.#entries.set(endpointId, this.#names.add({ networkId, networkName, names: all, addresses }));
    }
  }

  /** Makes a container unknown in networks. */
  withdraw(endpoints: readonly Endpoint[]): void {
    for (const { endpointId } of endpoints) {
      this.#entries.get(endpointId)?.[Symbol.dispose]();
      this.#entries.delete(endpointId);
    }
  }

  /** Opens a container's name server, unless it has one. Must be called inside its network namespace. Throws SyscallError. */
  open(containerId: string): void {
    if (this.#servers.has(containerId)) return;
    const server = NameServer.open(this.#clientOf(containerId), this.#names, this.#forwarder);
    this.#servers.set(containerId, server);
  }

  /** Forgets a container whose namespace goes. */
  forget(containerId: string, endpoints: readonly Endpoint[]): void {
    this.withdraw(endpoints);
    this.#servers.get(containerId)?.[Symbol.dispose]();
    this.#servers.delete(containerId);
    this.#namings.delete(containerId);
  }

  /** Stops answering. The next engine opens the name servers again. */
  close(): void {
    for (const server of this.#servers.values()) server[Symbol.dispose]();
    this.#servers.clear();
  }

  #clientOf(containerId: string): DnsClient {
    const { config, catalogue, sandboxOf } = this.#parts;
    const endpoints = () => sandboxOf(containerId)?.endpoints ?? [];
    const dns = () => {
      const { dns } = this.#namings.get(containerId) ?? { dns: { dns: [], search: [], options: [] } };
      return effectiveDns(config, dns);
    };
    return {
      view: () => ({
        networks: endpoints()
          .filter(isNamed)
          .map(({ networkId }) => networkId),
        links: linksOf(endpoints()),
        searchesFirst: () => searchesFirst(dns()),
      }),
      upstreams: () => {
        const netnsPath = sandboxOf(containerId)?.netnsPath;
        if (netnsPath === undefined) return [];
        const internal = endpoints().every(
          ({ networkId }) => catalogue.byId(networkId)?.record.settings.internal === true,
        );
        return upstreamsOf(dns(), { netnsPath, internal });
      },
    };
  }
}
