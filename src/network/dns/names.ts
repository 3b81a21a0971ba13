/** A container's names and addresses in one network. */
export interface NamedEndpoint {
  readonly networkId: string;
  readonly networkName: string;
  /** All names that lead here, the one that a reverse lookup gives first; in any case. */
  readonly names: readonly string[];
  /** IPv4 and IPv6 addresses in their usual texts. */
  readonly addresses: readonly string[];
}

/** What a name stands for. */
export interface Found {
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
}

interface Zone {
  readonly byName: Map<string, Set<NamedEndpoint>>;
  readonly byAddress: Map<string, NamedEndpoint>;
}

/** Who is called what in which network. A name that several endpoints share stands for all of them. */
export class Names {
  readonly #zones = new Map<string, Zone>();

  /** Makes an endpoint known at once, until the result is disposed. */
  add(endpoint: NamedEndpoint): Disposable {
    const zone = this.#zone(endpoint.networkId);
    for (const name of spellings(endpoint)) {
      const sharers = zone.byName.get(name) ?? new Set();
      zone.byName.set(name, sharers.add(endpoint));
    }
    for (const address of endpoint.addresses) zone.byAddress.set(address, endpoint);
    return { [Symbol.dispose]: () => this.#remove(endpoint) };
  }

  /**
   * What a name stands for in the first of these networks that knows it. It may be without an address of some family.
   * Case does not count, nor does a dot at the end.
   */
  find(name: string, networkIds: Iterable<string>): Found | undefined {
    const wanted = normalise(name);
    for (const id of networkIds) {
      const endpoints = this.#zones.get(id)?.byName.get(wanted);
      if (endpoints === undefined) continue;
      const addresses = [...endpoints].flatMap((endpoint) => endpoint.addresses);
      return {
        ipv4: addresses.filter((address) => !address.includes(':')),
        ipv6: addresses.filter((address) => address.includes(':')),
      };
    }
    return undefined;
  }

  /** The full name, `container.network`, of an address in one of these networks. */
  nameOf(address: string, networkIds: Iterable<string>): string | undefined {
    for (const id of networkIds) {
      const endpoint = this.#zones.get(id)?.byAddress.get(address);
      if (endpoint !== undefined) return `${endpoint.names[0]}.${endpoint.networkName}`;
    }
    return undefined;
  }

  #zone(networkId: string): Zone {
    const zone = this.#zones.get(networkId) ?? { byName: new Map(), byAddress: new Map() };
    this.#zones.set(networkId, zone);
    return zone;
  }

  #remove(endpoint: NamedEndpoint): void {
    const zone = this.#zones.get(endpoint.networkId);
    if (zone === undefined) return;
    for (const name of spellings(endpoint)) {
      const sharers = zone.byName.get(name);
      sharers?.delete(endpoint);
      if (sharers?.size === 0) zone.byName.delete(name);
    }
    for (const address of endpoint.addresses) {
      // Another endpoint may have the address by now.
      if (zone.byAddress.get(address) === endpoint) zone.byAddress.delete(address);
    }
    if (zone.byName.size === 0 && zone.byAddress.size === 0) this.#zones.delete(endpoint.networkId);
  }
}

/** Each name alone, and followed by the network's. */
function spellings({ names, networkName }: NamedEndpoint): Set<string> {
  return new Set(names.flatMap((name) => [normalise(name), normalise(`${name}.${networkName}`)]));
}

function normalise(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
