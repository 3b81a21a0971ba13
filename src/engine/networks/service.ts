import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  Conflict,
  type Filters,
  InvalidArgument,
  messageOf,
  type NetworkContainer,
  type NetworkResource,
  NotFound,
} from '../../api/index.ts';
import {
  BridgeDriver,
  type Driver,
  dropPolicies,
  enableForwarding,
  Firewall,
  HostStack,
  hostDriver,
  nullDriver,
  removeLeftovers,
  Sandboxes,
} from '../../network/index.ts';
import type { EngineConfig } from '../config.ts';
import type { Database } from '../database.ts';
import type { EventBus } from '../events/index.ts';
import type { Logger } from '../log.ts';
import { NO_BRIDGE, openDefaultBridge } from './default-bridge.ts';
import { type HostFiles, type HostFilesRequest, hostFiles } from './host-files.ts';
import { networkContainer, networkResource } from './resource.ts';
import type { Endpoint, LiveSandbox, Sandbox } from './sandbox.ts';
import { type NetworkRecord, NetworkStore } from './store.ts';

/** Six bytes, the first of which tells that it is one interface's. */
const MAC_ADDRESS = /^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i;

/** The networks that always exist. */
export type NetworkMode = 'none' | 'host' | 'bridge';

export interface AttachHints {
  /** `--mac-address`. */
  readonly macAddress?: string | undefined;
}

export interface NetworkServiceParts {
  readonly database: Database;
  readonly config: EngineConfig;
  readonly events: EventBus;
  readonly log: Logger;
  /** The name of a running container, for `GET /networks/{id}`. */
  readonly containerName?: (containerId: string) => string;
}

interface Network {
  readonly record: NetworkRecord;
  readonly driver: Driver;
}

/** The engine's networks, and the containers' places in them. */
export class NetworkService {
  readonly #parts: NetworkServiceParts;
  readonly #stack: HostStack;
  readonly #sandboxes: Sandboxes;
  readonly #firewall: Firewall;
  readonly #networks = new Map<string, Network>();
  /** What the containers have that are prepared, by container ID. */
  readonly #live = new Map<string, Sandbox>();
  /** Those of them that have their interfaces. */
  readonly #connected = new Set<string>();

  constructor(parts: NetworkServiceParts) {
    const { suffix } = parts.config.identity;
    this.#parts = parts;
    this.#stack = new HostStack(suffix === '' ? 'berth' : `berth-${suffix}`);
    this.#sandboxes = new Sandboxes(join(parts.config.execRoot, 'netns'));
    this.#firewall = new Firewall(this.#stack.owner);
  }

  /**
   * Sets up the predefined networks, exactly as the configuration wants them, whatever was there before. Throws Conflict
   * when a bridge or an address belongs to somebody else, InvalidArgument, SyscallError, NftError.
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
  get defaultMode(): NetworkMode {
    return this.#networks.has('bridge') ? 'bridge' : 'none';
  }

  /** `prepare` and `connect` in one: some 1.5 ms. When it fails nothing is left. Throws what they throw. */
  attach(containerId: string, mode: NetworkMode, hints: AttachHints = {}): Sandbox {
    const sandbox = this.prepare(containerId, mode, hints);
    try {
      this.connect(containerId);
      return sandbox;
    } catch (error) {
      this.detach(containerId);
      throw error;
    }
  }

  /**
   * The first half of attaching a container, before its process is made: its namespace, still without interfaces, and its
   * addresses. When it fails nothing is left. Throws NotFound, Conflict (attached already), InvalidArgument (hardware
   * address), Unavailable (no address left), SyscallError.
   */
  prepare(containerId: string, mode: NetworkMode, hints: AttachHints = {}): Sandbox {
    const { record, driver } = this.#find(mode);
    if (this.#live.has(containerId)) throw new Conflict(`container ${containerId} is connected already`);
    if (hints.macAddress !== undefined && !MAC_ADDRESS.test(hints.macAddress)) {
      throw new InvalidArgument(`invalid MAC address: ${hints.macAddress}`);
    }
    const endpointId = randomBytes(32).toString('hex');
    const attachment = driver.reserve({ endpointId, macAddress: hints.macAddress });
    const endpoint = { ...attachment, networkName: record.name, networkId: record.id, endpointId };
    try {
      const netnsPath = driver.ownNamespace ? this.#sandboxes.create(containerId) : undefined;
      const sandbox = netnsPath === undefined ? { endpoint } : { netnsPath, endpoint };
      this.#live.set(containerId, sandbox);
      return sandbox;
    } catch (error) {
      driver.disconnect(attachment);
      throw error;
    }
  }

  /**
   * The second half: the interfaces. It may run while the runtime makes the container's process, and must be done before
   * the process starts. When it fails, `detach` undoes both halves. Throws NotFound (not prepared), SyscallError.
   */
  connect(containerId: string): void {
    const sandbox = this.#live.get(containerId);
    const network = this.#byId(sandbox?.endpoint?.networkId ?? '');
    if (sandbox?.endpoint === undefined || network === undefined) {
      throw new NotFound(`container ${containerId} has no network`);
    }
    const { endpoint } = sandbox;
    if (sandbox.netnsPath !== undefined) {
      this.#sandboxes.furnish(containerId, (inside) => network.driver.connect(inside, endpoint, containerId));
    }
    this.#connected.add(containerId);
    this.#publish('connect', containerId, network.record);
  }

  /**
   * Takes everything back that attaching gave, or as much of it as there is: no packet passes when this returns, and the
   * address is free. The kernel clears the interfaces away within some 20 ms. Doing it twice is no error. Without a
   * `sandbox`, what is known of the container counts.
   */
  detach(containerId: string, sandbox: Sandbox | undefined = this.#live.get(containerId)): void {
    const endpoint = this.#live.delete(containerId) ? sandbox?.endpoint : undefined;
    const network = this.#byId(endpoint?.networkId ?? '');
    try {
      if (endpoint !== undefined) network?.driver.disconnect(endpoint);
    } finally {
      this.#sandboxes.delete(containerId);
    }
    const wasConnected = this.#connected.delete(containerId);
    if (wasConnected && network !== undefined) this.#publish('disconnect', containerId, network.record);
  }

  /**
   * After the start of the engine: takes up the running containers' places again, and removes whatever else bears this
   * engine's mark. Settles when the leftovers are gone. Throws SyscallError.
   */
  async restore(live: readonly LiveSandbox[]): Promise<void> {
    const hostInterfaces = new Set<string>();
    for (const { containerId, sandbox } of live) {
      this.#live.set(containerId, sandbox);
      this.#connected.add(containerId);
      if (sandbox.endpoint === undefined) continue;
      hostInterfaces.add(sandbox.endpoint.hostInterface);
      this.#adopt(containerId, sandbox.endpoint);
    }
    await removeLeftovers(this.#stack, this.#sandboxes, {
      containers: new Set(live.map(({ containerId }) => containerId)),
      hostInterfaces,
      bridges: new Set(this.#bridges().map((driver) => driver.bridgeName)),
    });
  }

  /** The texts of a container's /etc/hosts, /etc/hostname and /etc/resolv.conf. Throws InvalidArgument. */
  hostFiles(sandbox: Sandbox, request: HostFilesRequest): HostFiles {
    return hostFiles(this.#parts.config, sandbox, request, this.#bridges()[0]?.hostAddress);
  }

  /** The networks that pass the filters `id`, `name`, `driver`, `scope`, `type`, `label` and `dangling`. */
  list(filters: Filters): NetworkResource[] {
    const types = filters.values('type');
    const strange = types.find((type) => type !== 'custom' && type !== 'builtin');
    if (strange !== undefined) throw new InvalidArgument(`invalid filter: 'type'='${strange}'`);
    const dangling = filters.boolean('dangling', false);
    return [...this.#networks.values()]
      .filter(
        ({ record }) =>
          !dangling &&
          filters.match('id', record.id) &&
          filters.match('name', record.name) &&
          filters.exact('driver', record.driver) &&
          filters.exact('scope', 'local') &&
          filters.exact('type', 'builtin') &&
          filters.labels({}),
      )
      .map(({ record, driver }) => networkResource(record, driver, {}));
  }

  /** A network by ID, name or the beginning of its ID, with its containers. Throws NotFound, InvalidArgument. */
  inspect(reference: string): NetworkResource {
    const { record, driver } = this.#find(reference);
    return networkResource(record, driver, this.#containersOf(record.id));
  }

  /** Settles when the kernel has cleared away everything that was detached. */
  settled(): Promise<void> {
    return this.#stack.reaper.drained();
  }

  /** Takes the engine's traces off the host: rules and bridges. For uninstalling; no container may run. */
  async remove(): Promise<void> {
    await this.settled();
    await this.#firewall.remove();
    for (const { driver } of this.#networks.values()) await driver.remove();
    this.#networks.clear();
  }

  /** Stops looking after the networks; they stay, as the containers do. */
  close(): void {
    this.#stack[Symbol.dispose]();
  }

  async #setUp(): Promise<void> {
    const { config, database, log } = this.#parts;
    const store = new NetworkStore(database);
    if (config.bridge !== NO_BRIDGE) {
      const driver = openDefaultBridge(this.#stack, config);
      this.#networks.set('bridge', { record: store.predefined('bridge', 'bridge'), driver });
      if (config.ipForward && enableForwarding()) {
        log.warn('IPv4 forwarding was off and is on now: this host routes between its networks', {
          sysctl: 'net.ipv4.ip_forward',
        });
      }
    }
    this.#networks.set('host', { record: store.predefined('host', 'host'), driver: hostDriver() });
    this.#networks.set('none', { record: store.predefined('none', 'null'), driver: nullDriver() });
    await this.#setRules(config.iptables);
  }

  /** Without `--iptables` an earlier run's rules go too, if nft is there at all. */
  async #setRules(wanted: boolean): Promise<void> {
    if (!wanted) {
      await this.#firewall.remove().catch((error: unknown) => {
        this.#parts.log.debug('nft rules were not looked for', { error: messageOf(error) });
      });
      return;
    }
    const bridges = this.#bridges();
    await this.#firewall.replace(bridges.map((driver) => driver.rules));
    if (bridges.length > 0) void this.#warnOfDrops();
  }

  /** A container keeps running even when its place was given away: that is worth a line in the log, not a refusal. */
  #adopt(containerId: string, endpoint: Endpoint): void {
    try {
      this.#byId(endpoint.networkId)?.driver.adopt(endpoint);
    } catch (error) {
      this.#parts.log.warn('a running container does not fit its network any more', {
        container: containerId,
        network: endpoint.networkName,
        error: messageOf(error),
      });
    }
  }

  #containersOf(networkId: string): Record<string, NetworkContainer> {
    const name = this.#parts.containerName ?? (() => '');
    const entries = [...this.#live].flatMap(([containerId, { endpoint }]) =>
      endpoint?.networkId === networkId
        ? [[containerId, networkContainer(name(containerId), endpoint)] as const]
        : [],
    );
    return Object.fromEntries(entries);
  }

  #find(reference: string): Network {
    const exact = this.#byId(reference) ?? this.#networks.get(reference);
    if (exact !== undefined) return exact;
    const begun = [...this.#networks.values()].filter(({ record }) => record.id.startsWith(reference));
    if (begun.length > 1) {
      throw new InvalidArgument(
        `network ${reference} is ambiguous (${begun.length} matches found based on ID prefix)`,
      );
    }
    if (begun[0] === undefined || reference === '') throw new NotFound(`network ${reference} not found`);
    return begun[0];
  }

  #byId(id: string): Network | undefined {
    return [...this.#networks.values()].find(({ record }) => record.id === id);
  }

  #bridges(): BridgeDriver[] {
    return [...this.#networks.values()].flatMap(({ driver }) =>
      driver instanceof BridgeDriver ? [driver] : [],
    );
  }

  #publish(action: 'connect' | 'disconnect', containerId: string, { id, name, driver }: NetworkRecord): void {
    this.#parts.events.publish('network', action, id, { container: containerId, name, type: driver });
  }

  async #warnOfDrops(): Promise<void> {
    for (const { family, table, chain } of await dropPolicies()) {
      this.#parts.log.warn(
        'a firewall of this host drops forwarded packets: containers may not reach other machines',
        {
          chain: `${family} ${table} ${chain}`,
          remedy: `let packets from and to ${this.#bridges().map((driver) => driver.bridgeName)} pass there`,
        },
      );
    }
  }
}
