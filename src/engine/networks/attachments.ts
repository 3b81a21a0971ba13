import { randomBytes } from 'node:crypto';
import { Conflict, type EndpointSettings, Forbidden, messageOf, NotFound } from '../../api/index.ts';
import {
  deleteInterface,
  type PortWish,
  type Publisher,
  type Sandboxes,
  setGateways,
} from '../../network/index.ts';
import type { Logger } from '../log.ts';
import type { Catalogue, Network } from './catalogue.ts';
import { checkEndpoint, hasInterface, interfaceNameFor } from './endpoint.ts';
import type { NameService } from './name-service.ts';
import { portTarget, publishingNetwork } from './port-target.ts';
import type { Endpoint, LiveSandbox, Naming, Sandbox } from './sandbox.ts';

/** A network that a container shall join, and how. */
export interface EndpointWish {
  /** Name or ID. */
  readonly network: string;
  readonly settings: EndpointSettings;
}

export interface AttachmentsParts {
  readonly sandboxes: Sandboxes;
  readonly publisher: Publisher;
  readonly catalogue: Catalogue;
  readonly names: NameService;
  readonly log: Logger;
  /** Called when a container has got its interface in a network, or has lost it. */
  readonly told: (action: 'connect' | 'disconnect', containerId: string, network: Network) => void;
}

/** The running containers' places in the networks. */
export class Attachments {
  readonly #parts: AttachmentsParts;
  /** What the containers have that are prepared, by container ID. */
  readonly #live = new Map<string, Sandbox>();
  /** Those of them that have their interfaces. */
  readonly #connected = new Set<string>();

  constructor(parts: AttachmentsParts) {
    this.#parts = parts;
  }

  /** What a container has; undefined when it is not prepared. */
  of(containerId: string): Sandbox | undefined {
    return this.#live.get(containerId);
  }

  /** The containers in a network. */
  in(networkId: string): Array<readonly [containerId: string, endpoint: Endpoint]> {
    return [...this.#live].flatMap(([containerId, { endpoints }]) => {
      const endpoint = endpoints.find((it) => it.networkId === networkId);
      return endpoint === undefined ? [] : [[containerId, endpoint] as const];
    });
  }

  /** See `NetworkService.prepare`. */
  prepare(
    containerId: string,
    wishes: readonly EndpointWish[],
    naming: Naming,
    portWishes: readonly PortWish[],
  ): Sandbox {
    this.#refuseTwice(containerId);
    const endpoints: Endpoint[] = [];
    try {
      for (const wish of wishes) endpoints.push(this.#reserve(wish, endpoints));
      const ports = this.#reservePorts(containerId, endpoints, portWishes);
      const isolated = endpoints.every((it) => this.#networkOf(it).driver.ownNamespace);
      const sandbox = isolated
        ? { netnsPath: this.#parts.sandboxes.create(containerId), endpoints, ports }
        : { endpoints, ports };
      this.#live.set(containerId, sandbox);
      this.#parts.names.introduce(containerId, naming);
      return sandbox;
    } catch (error) {
      this.#parts.publisher.close(containerId);
      for (const endpoint of endpoints) this.#networkOf(endpoint).driver.disconnect(endpoint);
      throw error;
    }
  }

  /** See `NetworkService.share`. */
  share(containerId: string, ownerId: string): Sandbox {
    this.#refuseTwice(containerId);
    const owner = this.#live.get(ownerId);
    if (owner === undefined) throw new NotFound(`container ${ownerId} has no network`);
    const sandbox = { ...owner, endpoints: [], ports: [] };
    this.#live.set(containerId, sandbox);
    return sandbox;
  }

  /** See `NetworkService.connect`. */
  connect(containerId: string): void {
    const sandbox = this.#live.get(containerId);
    if (sandbox === undefined) throw new NotFound(`container ${containerId} has no network`);
    const { netnsPath, endpoints } = sandbox;
    if (netnsPath !== undefined && endpoints.length > 0) this.#furnish(containerId, endpoints, endpoints);
    this.#connected.add(containerId);
    for (const endpoint of endpoints) {
      this.#parts.told('connect', containerId, this.#networkOf(endpoint));
    }
  }

  /** See `NetworkService.publish`. */
  publish(containerId: string): void {
    const sandbox = this.#live.get(containerId);
    if (sandbox === undefined || !this.#parts.publisher.has(containerId)) return;
    this.#parts.publisher.open(containerId, portTarget(this.#parts.catalogue, sandbox.endpoints));
  }

  /** Joins a running container to one more network; when it fails nothing has changed. */
  join(containerId: string, wish: EndpointWish, portWishes: readonly PortWish[]): Sandbox {
    const sandbox = this.#sandboxOf(containerId);
    const endpoint = this.#reserve(wish, sandbox.endpoints);
    const network = this.#networkOf(endpoint);
    const endpoints = [...sandbox.endpoints, endpoint];
    let ports = sandbox.ports ?? [];
    try {
      this.#furnish(containerId, [endpoint], endpoints);
      if (ports.length === 0) ports = this.#reservePorts(containerId, endpoints, portWishes);
    } catch (error) {
      network.driver.disconnect(endpoint);
      throw error;
    }
    const joined = { ...sandbox, endpoints, ports };
    this.#live.set(containerId, joined);
    this.publish(containerId);
    this.#parts.told('connect', containerId, network);
    return joined;
  }

  /** Takes a running container out of a network. Throws Forbidden when it is not in it. */
  leave(containerId: string, network: Network): Sandbox {
    const sandbox = this.#sandboxOf(containerId);
    const endpoint = sandbox.endpoints.find(({ networkId }) => networkId === network.record.id);
    if (endpoint === undefined) {
      throw new Forbidden(`container ${containerId} is not connected to network ${network.record.name}`);
    }
    const left = { ...sandbox, endpoints: sandbox.endpoints.filter((it) => it !== endpoint) };
    this.#live.set(containerId, left);
    this.#parts.names.withdraw([endpoint]);
    network.driver.disconnect(endpoint);
    this.#parts.sandboxes.furnish(containerId, ({ netlink }) => {
      if (endpoint.interfaceName !== '') deleteInterface(netlink, endpoint.interfaceName);
      setGateways(netlink, left.endpoints);
    });
    this.publish(containerId);
    this.#parts.told('disconnect', containerId, network);
    return left;
  }

  /** See `NetworkService.detach`. */
  detach(containerId: string): void {
    const endpoints = this.#live.get(containerId)?.endpoints ?? [];
    this.#live.delete(containerId);
    this.#parts.names.forget(containerId, endpoints);
    try {
      this.#parts.publisher.close(containerId);
      for (const endpoint of endpoints)
        this.#parts.catalogue.byId(endpoint.networkId)?.driver.disconnect(endpoint);
    } finally {
      this.#parts.sandboxes.delete(containerId);
    }
    if (!this.#connected.delete(containerId)) return;
    for (const endpoint of endpoints) {
      const network = this.#parts.catalogue.byId(endpoint.networkId);
      if (network !== undefined) this.#parts.told('disconnect', containerId, network);
    }
  }

  /** Takes up the running containers' places again. */
  adopt(live: readonly LiveSandbox[]): void {
    for (const { containerId, sandbox, naming } of live) {
      this.#live.set(containerId, sandbox);
      this.#connected.add(containerId);
      for (const endpoint of sandbox.endpoints) this.#adoptEndpoint(containerId, endpoint);
      if (naming !== undefined) this.#adoptNames(containerId, sandbox, naming);
      this.#adoptPorts(containerId, sandbox);
    }
  }

  /** What leads to a container goes on leading there, whoever else has taken the port meanwhile. */
  #adoptPorts(containerId: string, { endpoints, ports = [] }: Sandbox): void {
    const { publisher, catalogue, log } = this.#parts;
    const lost = publisher.adopt(containerId, ports, portTarget(catalogue, endpoints));
    if (lost.length === 0) return;
    log.warn('a program of this host has taken a published port while there was no engine', {
      container: containerId,
      port: lost.join('; '),
    });
  }

  /** Where no network of the container can have ports published, none are. */
  #reservePorts(containerId: string, endpoints: readonly Endpoint[], wishes: readonly PortWish[]) {
    const network = publishingNetwork(this.#parts.catalogue, endpoints);
    if (network === undefined) return [];
    return this.#parts.publisher.reserve(containerId, wishes, network.settings.hostBinding);
  }

  /** A container keeps running even when its place was given away: that is worth a line in the log, not a refusal. */
  #adoptEndpoint(containerId: string, endpoint: Endpoint): void {
    try {
      this.#networkOf(endpoint).driver.adopt(endpoint);
    } catch (error) {
      this.#parts.log.warn('a running container does not fit its network any more', {
        container: containerId,
        network: endpoint.networkName,
        error: messageOf(error),
      });
    }
  }

  /** The engine that answered for the container has gone, and its sockets with it. */
  #adoptNames(containerId: string, { endpoints }: Sandbox, naming: Naming): void {
    const { names, sandboxes, log } = this.#parts;
    names.introduce(containerId, naming);
    names.publish(containerId, endpoints);
    if (!names.isNeeded(endpoints)) return;
    try {
      sandboxes.enter(containerId, () => names.open(containerId));
    } catch (error) {
      log.warn('a running container has no name server', { container: containerId, error: messageOf(error) });
    }
  }

  #reserve({ network: reference, settings }: EndpointWish, present: readonly Endpoint[]): Endpoint {
    const network = this.#parts.catalogue.find(reference);
    const { record, driver } = network;
    checkEndpoint(record, settings);
    if (present.some(({ networkId }) => networkId === record.id)) {
      throw new Forbidden(`the container is connected to network ${record.name} already`);
    }
    const { IPAMConfig, MacAddress, Aliases, Links, GwPriority } = settings;
    const endpointId = randomBytes(32).toString('hex');
    const attachment = driver.reserve({
      endpointId,
      macAddress: MacAddress || undefined,
      ipv4Address: IPAMConfig?.IPv4Address || undefined,
      ipv6Address: IPAMConfig?.IPv6Address || undefined,
      linkLocal: IPAMConfig?.LinkLocalIPs ?? [],
    });
    return {
      ...attachment,
      networkName: record.name,
      networkId: record.id,
      endpointId,
      interfaceName: hasInterface(driver.kind) ? interfaceNameFor(settings, present) : '',
      gatewayPriority: GwPriority,
      aliases: Aliases,
      links: Links,
    };
  }

  /**
   * Makes the interfaces of `fresh`, and points the default routes where they belong among `all`. Where containers have
   * names, this one can look them up from then on, and is found by its own.
   */
  #furnish(containerId: string, fresh: readonly Endpoint[], all: readonly Endpoint[]): void {
    this.#parts.sandboxes.furnish(containerId, (inside) => {
      for (const endpoint of fresh) {
        const { interfaceName } = endpoint;
        this.#networkOf(endpoint).driver.connect({ ...inside, interfaceName }, endpoint, containerId);
      }
      setGateways(inside.netlink, all);
      if (this.#parts.names.isNeeded(fresh)) this.#parts.names.open(containerId);
    });
    this.#parts.names.publish(containerId, fresh);
  }

  #networkOf({ networkId, networkName }: Endpoint): Network {
    const network = this.#parts.catalogue.byId(networkId);
    if (network === undefined) throw new NotFound(`network ${networkName} not found`);
    return network;
  }

  #sandboxOf(containerId: string): Sandbox {
    const sandbox = this.#live.get(containerId);
    if (sandbox?.netnsPath === undefined)
      throw new Conflict(`container ${containerId} has no network of its own`);
    return sandbox;
  }

  #refuseTwice(containerId: string): void {
    if (this.#live.has(containerId)) throw new Conflict(`container ${containerId} is connected already`);
  }
}
