import {
  changeBridgePort,
  changeLink,
  createVeth,
  findLink,
  getLink,
  readSysctl,
} from '../../linux/index.ts';
import type { AddressSpace } from '../address-space.ts';
import { type Bridge, deleteBridge } from '../bridge-link.ts';
import type { BridgeRules } from '../firewall/rules.ts';
import type { HostStack } from '../host-stack.ts';
import { macOf, macOfId } from '../mac.ts';
import { type Attachment, type Driver, type Inside, NO_ATTACHMENT, type ReserveRequest } from './driver.ts';
import { addAddresses, allowIpv6 } from './inside.ts';

const BRIDGE_CALLS = 'net.bridge.bridge-nf-call-iptables';

export interface BridgeOptions {
  readonly mtu: number;
  /** Whether the containers may talk to each other. */
  readonly icc: boolean;
  readonly masquerade: boolean;
  /** Whether the containers reach nobody but each other and the bridge. */
  readonly internal: boolean;
  /** Interfaces of the host from which everything may come in. */
  readonly trusted: readonly string[];
  /** The host address on which ports are published that name none. */
  readonly hostBinding: string;
  /** The options as the Engine API shows them. */
  readonly shown: Readonly<Record<string, string>>;
}

/** A network whose containers hang on a bridge, each by a veth pair. */
export class BridgeDriver implements Driver {
  readonly kind = 'bridge';
  readonly ownNamespace = true;
  readonly settings: BridgeOptions;
  readonly #stack: HostStack;
  readonly #bridge: Bridge;
  readonly #space: AddressSpace;

  constructor(stack: HostStack, bridge: Bridge, space: AddressSpace, settings: BridgeOptions) {
    this.#stack = stack;
    this.#bridge = bridge;
    this.#space = space;
    this.settings = settings;
  }

  get subnets() {
    return this.#space.subnets;
  }

  get options(): Readonly<Record<string, string>> {
    return this.settings.shown;
  }

  /** What the firewall has to do for this network. */
  get rules(): BridgeRules {
    const { masquerade, internal, trusted } = this.settings;
    return { bridge: this.#bridge.name, masquerade: masquerade && !internal, internal, trusted };
  }

  /** The interface, to tell it from bridges that nobody needs any more. */
  get bridgeName(): string {
    return this.#bridge.name;
  }

  /** The bridge's own IPv4 address, by which containers reach the host. */
  get hostAddress(): string | undefined {
    return this.#bridge.address.split('/')[0] || undefined;
  }

  /** Throws Unavailable when no address is left, InvalidArgument or Forbidden when the wanted one cannot be had. */
  reserve(request: ReserveRequest): Attachment {
    const { endpointId, macAddress, linkLocal = [] } = request;
    const ipv4 = this.#space.allocate(4, request.ipv4Address);
    try {
      const ipv6 = this.#space.allocate(6, request.ipv6Address);
      const leaves = !this.settings.internal;
      return {
        ...NO_ATTACHMENT,
        ...(ipv4 && {
          ipAddress: ipv4.address,
          prefixLen: ipv4.prefixLength,
          gateway: leaves ? ipv4.gateway : '',
        }),
        ...(ipv6 && {
          ipv6Address: ipv6.address,
          ipv6PrefixLen: ipv6.prefixLength,
          ipv6Gateway: leaves ? ipv6.gateway : '',
        }),
        macAddress: macAddress ?? (ipv4 === undefined ? macOfId(endpointId) : macOf(ipv4.address)),
        hostInterface: hostInterfaceOf(endpointId),
        ...(linkLocal.length > 0 && { linkLocal }),
      };
    } catch (error) {
      this.#space.release(ipv4?.address ?? '');
      throw error;
    }
  }

  connect(inside: Inside, attachment: Attachment, containerId: string): void {
    this.#plugInside(inside, attachment);
    this.#plugOutside(attachment.hostInterface, this.#stack.aliasOf(containerId));
  }

  disconnect({ ipAddress, ipv6Address, hostInterface }: Attachment): void {
    this.#space.release(ipAddress);
    this.#space.release(ipv6Address);
    this.#stack.reaper.bury(hostInterface);
  }

  /** Throws InvalidArgument or Forbidden when the address cannot be had any more. */
  adopt({ ipAddress, ipv6Address, hostInterface }: Attachment): void {
    const { netlink } = this.#stack;
    const link = findLink(netlink, hostInterface);
    if (link !== undefined && link.master !== this.#bridge.index) {
      netlink.send(changeLink(link.index, { master: this.#bridge.index, up: true }));
      this.#settlePort(link.index);
    }
    if (ipAddress !== '') this.#space.reserve(ipAddress);
    if (ipv6Address !== '') this.#space.reserve(ipv6Address);
  }

  async remove(): Promise<void> {
    if (this.#bridge.own) await deleteBridge(this.#bridge.name);
  }

  #plugInside({ netlink, interfaceName }: Inside, attachment: Attachment): void {
    // A network without IPv6 shall not have it by the back door of link-local addresses.
    allowIpv6(attachment.ipv6Address !== '');
    const { mtu } = this.settings;
    netlink.send(
      createVeth(
        { name: interfaceName, mac: attachment.macAddress, mtu, up: true },
        { name: attachment.hostInterface, mtu, netns: this.#stack.home },
      ),
    );
    addAddresses(netlink, getLink(netlink, interfaceName).index, attachment);
  }

  #plugOutside(name: string, alias: string): void {
    const { netlink } = this.#stack;
    netlink.send(
      // Before it is up: afterwards it would have its address already.
      changeLink(name, { alias, noLinkLocal: true }),
      changeLink(name, { master: this.#bridge.index, up: true }),
    );
    this.#settlePort(getLink(netlink, name).index);
  }

  /**
   * On a host whose bridges show their packets to the firewall, what a container sends to its own published port never
   * leaves the bridge: it has to come back by the port that it came from.
   */
  #settlePort(index: number): void {
    const isolated = !this.settings.icc;
    const hairpin = readSysctl(BRIDGE_CALLS) === '1';
    if (isolated || hairpin) this.#stack.netlink.send(changeBridgePort(index, { isolated, hairpin }));
  }
}

/** Interface names have at most 15 characters: enough of the endpoint's ID that no two ever meet. */
function hostInterfaceOf(endpointId: string): string {
  return `veth${endpointId.slice(0, 11)}`;
}
