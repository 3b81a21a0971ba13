import { Conflict, InvalidArgument, messageOf } from '../../api/index.ts';
import { forgetFlows, readSysctl } from '../../linux/index.ts';
import type { Firewall } from '../firewall/firewall.ts';
import type { PortRule } from '../firewall/rules.ts';
import type { HostStack } from '../host-stack.ts';
import { holderOf } from './holder.ts';
import { HostPort } from './host-port.ts';
import { collide, hostText, isAny, type PortWish, PROTOCOL_NUMBERS, type PublishedPort } from './port.ts';

const PORT_RANGE = 'net.ipv4.ip_local_port_range';
const IPV6_OFF = 'net.ipv6.conf.all.disable_ipv6';
const LOOPBACK6 = '::1';

/** A container's addresses, to which its ports lead; empty where it has none of the family. */
export interface PortTarget {
  readonly ipv4: string;
  readonly ipv6: string;
}

interface Holding {
  readonly ports: readonly PublishedPort[];
  readonly sockets: Map<PublishedPort, HostPort>;
  rules: readonly PortRule[];
}

export interface PublisherParts {
  readonly stack: HostStack;
  /** Undefined when the engine may not touch the packet filter: then everything is relayed. */
  readonly firewall: Firewall | undefined;
  /** The name of a container, for errors. */
  readonly nameOf: (containerId: string) => string;
}

/** The ports of the host that lead to containers. */
export class Publisher {
  readonly #parts: PublisherParts;
  readonly #held = new Map<string, Holding>();
  #nextFree: number | undefined;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /**
   * Takes ports of the host for a container, on `fallback` where a wish names no address; nothing leads anywhere yet. When it
   * fails none is taken. Throws Conflict, which says who has a port, and InvalidArgument for an address that is not the host's.
   */
  reserve(containerId: string, wishes: readonly PortWish[], fallback: string): readonly PublishedPort[] {
    if (wishes.length === 0) return [];
    const sockets = new Map<PublishedPort, HostPort>();
    try {
      for (const wish of wishes) this.#take(wish, addressesFor(wish.hostAddress, fallback), sockets);
    } catch (error) {
      for (const socket of sockets.values()) socket[Symbol.dispose]();
      throw error;
    }
    const ports = [...sockets.keys()];
    this.#held.set(containerId, { ports, sockets, rules: [] });
    return ports;
  }

  /** Takes a running container's ports again after a start of the engine. Gives those that somebody else has by now. */
  adopt(containerId: string, ports: readonly PublishedPort[], target: PortTarget): string[] {
    const lost: string[] = [];
    const sockets = new Map<PublishedPort, HostPort>();
    for (const port of ports) {
      try {
        sockets.set(port, new HostPort(port, this.#isRelayed(port)));
      } catch (error) {
        lost.push(`${hostText(port)}/${port.protocol}: ${messageOf(error)}`);
      }
    }
    const holding = { ports, sockets, rules: this.#rulesFor(ports, target) };
    if (ports.length > 0) this.#held.set(containerId, holding);
    this.#relay(holding, target);
    return lost;
  }

  /** What the packet filter has to hold for all containers. */
  get rules(): PortRule[] {
    return [...this.#held.values()].flatMap(({ rules }) => rules);
  }

  /** Whether ports are taken for a container. */
  has(containerId: string): boolean {
    return this.#held.has(containerId);
  }

  /** Lets a container's ports lead to it, or to where it is now. Throws SyscallError. */
  open(containerId: string, target: PortTarget): void {
    const holding = this.#held.get(containerId);
    if (holding === undefined) return;
    const rules = this.#rulesFor(holding.ports, target);
    this.#parts.firewall?.withdraw(holding.rules);
    holding.rules = [];
    this.#parts.firewall?.publish(rules);
    holding.rules = rules;
    this.#relay(holding, target);
    this.#forget(rules);
  }

  /** Gives a container's ports back; established connections of TCP go on. One without ports is no error. Throws SyscallError. */
  close(containerId: string): void {
    const holding = this.#held.get(containerId);
    if (holding === undefined) return;
    this.#held.delete(containerId);
    try {
      this.#parts.firewall?.withdraw(holding.rules);
      this.#forget(holding.rules);
    } finally {
      for (const socket of holding.sockets.values()) socket[Symbol.dispose]();
    }
  }

  /** Lets go of everything without closing a port. */
  dispose(): void {
    for (const { sockets } of this.#held.values()) {
      for (const socket of sockets.values()) socket[Symbol.dispose]();
    }
    this.#held.clear();
  }

  /** The addresses share one port; of several that will do, the first that is free on all of them. */
  #take(wish: PortWish, addresses: readonly string[], sockets: Map<PublishedPort, HostPort>): void {
    const { first, last } = wish.hostPorts ?? this.#freeRange();
    const span = last - first + 1;
    const start = wish.hostPorts === undefined ? (this.#nextFree ?? first) - first : 0;
    for (let tries = 0; ; tries++) {
      const hostPort = first + ((start + tries) % span);
      try {
        for (const [port, socket] of this.#bindAll(wish, addresses, hostPort)) sockets.set(port, socket);
        if (wish.hostPorts === undefined) this.#nextFree = hostPort === last ? first : hostPort + 1;
        return;
      } catch (error) {
        if (!(error instanceof Conflict) || tries + 1 >= span) throw error;
      }
    }
  }

  #bindAll(wish: PortWish, addresses: readonly string[], hostPort: number): Map<PublishedPort, HostPort> {
    const bound = new Map<PublishedPort, HostPort>();
    try {
      for (const hostAddress of addresses) {
        const port = { protocol: wish.protocol, port: wish.port, hostAddress, hostPort };
        bound.set(port, this.#bind(port));
      }
      return bound;
    } catch (error) {
      for (const socket of bound.values()) socket[Symbol.dispose]();
      throw error;
    }
  }

  #bind(port: PublishedPort): HostPort {
    try {
      return new HostPort(port, this.#isRelayed(port));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE') throw this.#taken(port);
      if (code === 'EADDRNOTAVAIL') {
        throw new InvalidArgument(
          `failed to bind host port ${hostText(port)}/${port.protocol}: cannot assign requested address: no interface of this host has it`,
        );
      }
      throw error;
    }
  }

  #taken(port: PublishedPort): Conflict {
    for (const [containerId, { ports }] of this.#held) {
      if (!ports.some((other) => collide(port, other))) continue;
      const name = this.#parts.nameOf(containerId);
      return new Conflict(
        `Bind for ${hostText(port)} failed: port is already allocated: container ${name} has it (${port.protocol})`,
      );
    }
    const holder = holderOf(port);
    return new Conflict(
      `failed to bind host port ${hostText(port)}/${port.protocol}: address already in use${holder === undefined ? '' : `: ${holder} has it`}`,
    );
  }

  #rulesFor(ports: readonly PublishedPort[], target: PortTarget): PortRule[] {
    if (this.#parts.firewall === undefined) return [];
    return ports.flatMap((port) => {
      const { hostAddress, hostPort, protocol } = port;
      const address = hostAddress.includes(':') ? target.ipv6 : target.ipv4;
      if (address === '' || hostAddress === LOOPBACK6) return [];
      return [{ protocol: PROTOCOL_NUMBERS[protocol], hostAddress, hostPort, address, port: port.port }];
    });
  }

  /** Whether a socket has to pass on what the packet filter cannot. */
  #isRelayed({ hostAddress }: PublishedPort): boolean {
    return this.#parts.firewall === undefined || hostAddress.includes(':');
  }

  #relay({ ports, sockets }: Holding, target: PortTarget): void {
    const address = target.ipv4 || target.ipv6;
    for (const port of ports) {
      if (!this.#isRelayed(port)) continue;
      sockets.get(port)?.relay(address === '' ? undefined : { address, port: port.port });
    }
  }

  /** Flows of UDP last as long as packets come: those that were there before must not go on as they did. */
  #forget(rules: readonly PortRule[]): void {
    const ports = rules
      .filter(({ protocol }) => protocol === PROTOCOL_NUMBERS.udp)
      .map(({ hostPort }) => hostPort);
    if (ports.length > 0) forgetFlows(this.#parts.stack.netfilter, PROTOCOL_NUMBERS.udp, new Set(ports));
  }

  #freeRange(): { first: number; last: number } {
    const [first = 32768, last = 60999] = (readSysctl(PORT_RANGE) ?? '')
      .split(/\s+/)
      .filter(Boolean)
      .map(Number);
    return { first, last };
  }
}

/** Every address of both families, where there are both, unless one is asked for. */
function addressesFor(wished: string, fallback: string): string[] {
  if (wished !== '') return [wished];
  if (!isAny(fallback)) return [fallback];
  return (readSysctl(IPV6_OFF) ?? '1') === '1' ? ['0.0.0.0'] : ['0.0.0.0', '::'];
}
