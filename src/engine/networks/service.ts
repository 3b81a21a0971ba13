import { join } from 'node:path';
import {
  type CreateNetworkRequest,
  type Filters,
  Forbidden,
  messageOf,
  type NetworkContainer,
  type NetworkResource,
} from '../../api/index.ts';
import {
  BridgeDriver,
  brokenDriver,
  dropPolicies,
  enableForwarding,
  Firewall,
  HostStack,
  hostDriver,
  nullDriver,
  type PortWish,
  Publisher,
  removeLeftovers,
  routeLoopback,
  Sandboxes,
} from '../../network/index.ts';
import type { EngineConfig } from '../config.ts';
import type { Database } from '../database.ts';
import type { EventBus } from '../events/index.ts';
import type { Logger } from '../log.ts';
import { Attachments, type EndpointWish } from './attachments.ts';
import { Catalogue, type Network } from './catalogue.ts';
import { planNetwork } from './create.ts';
import { NO_BRIDGE, openDefaultBridge } from './default-bridge.ts';
import { networkFilter, pruneFilter } from './filter.ts';
import { type HostFiles, type HostFilesRequest, hostFiles } from './host-files.ts';
import { Ipam } from './ipam.ts';
import { NameService } from './name-service.ts';
import { openDriver } from './open-driver.ts';
import { networkContainer, networkResource } from './resource.ts';
import type { LiveSandbox, Naming, Sandbox } from './sandbox.ts';
import { type NetworkRecord, NetworkStore, PREDEFINED } from './store.ts';

export interface NetworkServiceParts {
  readonly database: Database;
  readonly config: EngineConfig;
  readonly events: EventBus;
  readonly log: Logger;
  /** The name of a running container, for `GET /networks/{id}`. */
  readonly containerName?: (containerId: string) => string;
}

const NAMELESS: Naming = { names: [], dns: { dns: [], search: [], options: [] } };

/** The engine's networks, and the containers' places in them. */
export class NetworkService {
  readonly #parts: NetworkServiceParts;
  readonly #stack: HostStack;
  readonly #store: NetworkStore;
  readonly #sandboxes: Sandboxes;
  readonly #firewall: Firewall;
  readonly #ipam: Ipam;
  readonly #catalogue = new Catalogue();
  readonly #names: NameService;
  readonly #publisher: Publisher;
  readonly #attachments: Attachments;

  private constructor(parts: NetworkServiceParts) {
    const { suffix } = parts.config.identity;
    this.#parts = parts;
    this.#stack = new HostStack(suffix === '' ? 'berth' : `berth-${suffix}`);
    this.#store = new NetworkStore(parts.database);
    this.#sandboxes = new Sandboxes(join(parts.config.execRoot, 'netns'));
    this.#firewall = new Firewall(this.#stack);
    this.#ipam = new Ipam(this.#stack, parts.config, () =>
      this.#catalogue.all().flatMap(({ driver }) => driver.subnets.map(({ subnet }) => subnet)),
    );
    this.#names = new NameService({
      config: parts.config,
      catalogue: this.#catalogue,
      sandboxOf: (containerId) => this.#attachments.of(containerId),
    });
    this.#publisher = new Publisher({
      stack: this.#stack,
      firewall: parts.config.iptables ? this.#firewall : undefined,
      nameOf: parts.containerName ?? ((id) => id),
    });
    this.#attachments = new Attachments({
      publisher: this.#publisher,
      sandboxes: this.#sandboxes,
      catalogue: this.#catalogue,
      names: this.#names,
      log: parts.log,
      told: (action, container, { record }) => this.#publish(action, record, { container }),
    });
  }

  /**
   * Sets up the networks, exactly as configuration and records want them, whatever was there before. Throws Conflict when
   * the default bridge or its address belongs to somebody else, InvalidArgument, SyscallError, NftError.
   */
  static async open(parts: NetworkServiceParts): Promise<NetworkService> {
    const service = new NetworkService(parts);
    try {
      await service.#setUp();
      return service;
    } catch (error) {
      service.close();
      throw error;
    }
  }

  /** The network of containers that name none. */
  get defaultMode(): 'bridge' | 'none' {
    return this.#catalogue.byName('bridge') === undefined ? 'none' : 'bridge';
  }

  /**
   * The first half of attaching a container, before its process is made: its namespace, still without interfaces, its
   * addresses, and the ports of the host that are to lead to it. When it fails nothing is left. Throws NotFound, Conflict
   * (attached already, port taken), InvalidArgument and Forbidden (settings, addresses), Unavailable (no address left),
   * SyscallError.
   */
  prepare(
    containerId: string,
    wishes: readonly EndpointWish[],
    naming: Naming = NAMELESS,
    ports: readonly PortWish[] = [],
  ): Sandbox {
    return this.#attachments.prepare(containerId, wishes, naming, ports);
  }

  /** Says what a prepared container is called from now on. */
  rename(containerId: string, naming: Naming): void {
    if (this.#attachments.of(containerId) !== undefined) this.#names.introduce(containerId, naming);
  }

  /** Instead of `prepare`: the container gets the namespace of another one. Throws NotFound when that has none. */
  share(containerId: string, ownerId: string): Sandbox {
    return this.#attachments.share(containerId, ownerId);
  }

  /**
   * The second half: the interfaces. It may run while the runtime makes the container's process, and must be done before
   * the process starts. When it fails, `detach` undoes both halves. Throws NotFound (not prepared), SyscallError.
   */
  connect(containerId: string): void {
    this.#attachments.connect(containerId);
  }

  /** Lets the ports of the host lead to a connected container, which is about to run. Throws SyscallError. */
  publish(containerId: string): void {
    this.#attachments.publish(containerId);
  }

  /** Joins a running container to one more network. Throws what `prepare` throws; then nothing has changed. */
  join(containerId: string, wish: EndpointWish, ports: readonly PortWish[] = []): Sandbox {
    return this.#attachments.join(containerId, wish, ports);
  }

  /** Takes a running container out of a network. Throws NotFound, Forbidden (not in it), SyscallError. */
  leave(containerId: string, reference: string): Sandbox {
    return this.#attachments.leave(containerId, this.#catalogue.find(reference));
  }

  /**
   * Takes everything back that attaching gave, or as much of it as there is: no packet passes when this returns, and the
   * addresses are free. The kernel clears the interfaces away within some 20 ms. Doing it twice is no error.
   */
  detach(containerId: string): void {
    this.#attachments.detach(containerId);
  }

  /**
   * After the start of the engine: takes up the running containers' places again, and removes whatever else bears this
   * engine's mark. Settles when the leftovers are gone. Throws SyscallError, NftError.
   */
  async restore(live: readonly LiveSandbox[]): Promise<void> {
    this.#attachments.adopt(live);
    if (this.#parts.config.iptables) await this.#replaceRules();
    const endpoints = live.flatMap(({ sandbox }) => sandbox.endpoints);
    await removeLeftovers(this.#stack, this.#sandboxes, {
      containers: new Set(live.map(({ containerId }) => containerId)),
      hostInterfaces: new Set(endpoints.map(({ hostInterface }) => hostInterface)),
      links: new Set(this.#catalogue.ownLinks()),
    });
  }

  /** The texts of a container's /etc/hosts, /etc/hostname and /etc/resolv.conf. Throws InvalidArgument. */
  hostFiles(sandbox: Sandbox, request: HostFilesRequest): HostFiles {
    const driver = this.#catalogue.byName('bridge')?.driver;
    const gateway = driver instanceof BridgeDriver ? driver.hostAddress : undefined;
    const named = this.#names.isNeeded(sandbox.endpoints);
    return hostFiles(this.#parts.config, sandbox, request, { gateway, named });
  }

  /**
   * Makes a network. Throws Conflict (name, interface), Forbidden (predefined name, overlap), NotFound (driver),
   * InvalidArgument, Unavailable, SyscallError; then nothing is left.
   */
  async create(request: CreateNetworkRequest): Promise<{ Id: string; Warning: string }> {
    const record = planNetwork(this.#catalogue, this.#ipam, request);
    const driver = openDriver(this.#stack, record, this.#parts.config);
    try {
      if (driver instanceof BridgeDriver) this.#allow(driver);
      this.#store.add(record);
    } catch (error) {
      await this.#undo(driver);
      throw error;
    }
    this.#catalogue.add({ record, driver });
    this.#publish('create', record);
    return { Id: record.id, Warning: '' };
  }

  /** Removes a network. Throws NotFound, Forbidden (predefined, in use). */
  async remove(reference: string): Promise<void> {
    const network = this.#catalogue.find(reference);
    const { record, driver } = network;
    this.#refuseRemoval(network);
    // The record goes first: what a crash leaves of the rest, the next start sweeps away.
    this.#store.delete(record);
    this.#catalogue.delete(network);
    await this.#undo(driver);
    this.#publish('destroy', record);
  }

  /** Removes the networks that no running container is in. Throws InvalidArgument. */
  async prune(filters: Filters): Promise<{ NetworksDeleted: string[] }> {
    const passes = pruneFilter(filters);
    const unused = this.#catalogue.all().filter((network) => passes(network) && !this.#isUsed(network));
    for (const { record } of unused) await this.remove(record.id);
    this.#parts.events.publish('network', 'prune', '', { reclaimed: '0' });
    return { NetworksDeleted: unused.map(({ record }) => record.name) };
  }

  /** The networks that pass the filters `id`, `name`, `driver`, `scope`, `type`, `label` and `dangling`. */
  list(filters: Filters): NetworkResource[] {
    const passes = networkFilter(filters, (network) => this.#isUsed(network));
    return this.#catalogue
      .all()
      .filter(passes)
      .map((network) => networkResource(network, {}));
  }

  /** A network by ID, name or the beginning of its ID, with its containers. Throws NotFound, InvalidArgument. */
  inspect(reference: string): NetworkResource {
    const network = this.#catalogue.find(reference);
    return networkResource(network, this.#containersOf(network.record.id));
  }

  /** The record of a network. Throws NotFound, InvalidArgument. */
  find(reference: string): NetworkRecord {
    return this.#catalogue.find(reference).record;
  }

  /** Settles when the kernel has cleared away everything that was detached. */
  settled(): Promise<void> {
    return this.#stack.reaper.drained();
  }

  /** Takes the engine's traces off the host: rules and bridges. For uninstalling; no container may run. */
  async uninstall(): Promise<void> {
    await this.settled();
    await this.#firewall.remove();
    for (const network of this.#catalogue.all()) {
      await network.driver.remove();
      this.#catalogue.delete(network);
    }
  }

  /** Stops looking after the networks; they stay, as the containers do. */
  close(): void {
    this.#names.close();
    this.#publisher.dispose();
    this.#stack[Symbol.dispose]();
  }

  async #setUp(): Promise<void> {
    const { config } = this.#parts;
    if (config.bridge !== NO_BRIDGE) {
      const driver = openDefaultBridge(this.#stack, config);
      this.#catalogue.add({ record: this.#store.predefined('bridge', 'bridge'), driver });
    }
    this.#catalogue.add({ record: this.#store.predefined('host', 'host'), driver: hostDriver() });
    this.#catalogue.add({ record: this.#store.predefined('none', 'null'), driver: nullDriver() });
    for (const record of this.#store.custom()) this.#reopen(record);
    this.#forward();
    await this.#setRules();
  }

  /** A network that cannot be had any more must not keep the engine from its other work. */
  #reopen(record: NetworkRecord): void {
    try {
      this.#catalogue.add({ record, driver: openDriver(this.#stack, record, this.#parts.config) });
    } catch (error) {
      const reason = messageOf(error);
      this.#parts.log.error('a network cannot be set up', { network: record.name, error: reason });
      this.#catalogue.add({ record, driver: brokenDriver(record, reason) });
    }
  }

  #forward(): void {
    if (!this.#parts.config.ipForward || this.#catalogue.bridges().length === 0) return;
    if (enableForwarding()) {
      this.#parts.log.warn('IPv4 forwarding was off and is on now: this host routes between its networks', {
        sysctl: 'net.ipv4.ip_forward',
      });
    }
  }

  /**
   * An earlier engine's rules stay until it is known which containers run, for ports are published by them. Without
   * `--iptables` they go, if nft is there at all.
   */
  async #setRules(): Promise<void> {
    if (!this.#parts.config.iptables) {
      await this.#firewall.remove().catch((error: unknown) => {
        this.#parts.log.debug('nft rules were not looked for', { error: messageOf(error) });
      });
      return;
    }
    if (!(await this.#firewall.exists())) await this.#replaceRules();
    if (this.#catalogue.bridges().length > 0) void this.#warnOfDrops();
  }

  async #replaceRules(): Promise<void> {
    const bridges = this.#catalogue.bridges();
    await this.#firewall.replace(
      bridges.map((driver) => driver.rules),
      this.#publisher.rules,
    );
    for (const { bridgeName } of bridges) routeLoopback(bridgeName);
  }

  #allow(driver: BridgeDriver): void {
    this.#forward();
    if (!this.#parts.config.iptables) return;
    this.#firewall.addBridge(driver.rules);
    routeLoopback(driver.bridgeName);
  }

  async #undo(driver: Network['driver']): Promise<void> {
    if (driver instanceof BridgeDriver && this.#parts.config.iptables) {
      this.#firewall.removeBridge(driver.rules);
    }
    await driver.remove();
  }

  #refuseRemoval(network: Network): void {
    const { name, settings } = network.record;
    if (PREDEFINED.has(name)) throw new Forbidden(`${name} is a pre-defined network and cannot be removed`);
    const users = this.#attachments.in(network.record.id).map(([containerId, { endpointId }]) => {
      const container = this.#parts.containerName?.(containerId) ?? containerId;
      return `name:"${container}" id:"${endpointId.slice(0, 12)}"`;
    });
    if (users.length > 0) {
      throw new Forbidden(
        `error while removing network: network ${name} has active endpoints (${users.join(', ')})`,
      );
    }
    const made = this.#catalogue.all().some(({ record }) => record.settings.configFrom === name);
    if (settings.configOnly && made) throw new Forbidden(`configuration network "${name}" is in use`);
  }

  #isUsed({ record }: Network): boolean {
    const made = this.#catalogue.all().some((it) => it.record.settings.configFrom === record.name);
    return this.#attachments.in(record.id).length > 0 || (record.settings.configOnly && made);
  }

  #containersOf(networkId: string): Record<string, NetworkContainer> {
    const name = this.#parts.containerName ?? (() => '');
    const entries = this.#attachments
      .in(networkId)
      .map(([containerId, endpoint]) => [containerId, networkContainer(name(containerId), endpoint)]);
    return Object.fromEntries(entries) as Record<string, NetworkContainer>;
  }

  #publish(action: string, { id, name, driver }: NetworkRecord, more: Record<string, string> = {}): void {
    this.#parts.events.publish('network', action, id, { ...more, name, type: driver });
  }

  async #warnOfDrops(): Promise<void> {
    for (const { family, table, chain } of await dropPolicies()) {
      this.#parts.log.warn(
        'a firewall of this host drops forwarded packets: containers may not reach other machines',
        {
          chain: `${family} ${table} ${chain}`,
          remedy: `let packets from and to ${this.#catalogue.bridges().map((driver) => driver.bridgeName)} pass there`,
        },
      );
    }
  }
}
