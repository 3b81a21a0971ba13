import {
  changeLink,
  createIpvlan,
  createMacvlan,
  getLink,
  type IPVLAN_FLAGS,
  type IPVLAN_MODES,
  type MACVLAN_MODES,
} from '../../linux/index.ts';
import type { AddressSpace } from '../address-space.ts';
import type { HostStack } from '../host-stack.ts';
import { macOf, macOfId } from '../mac.ts';
import type { ParentLink } from '../parent-link.ts';
import { type Attachment, type Driver, type Inside, NO_ATTACHMENT, type ReserveRequest } from './driver.ts';
import { addAddresses, allowIpv6 } from './inside.ts';

/** How a container's interface sits on the host's. */
export type Stacking =
  | { readonly kind: 'macvlan'; readonly mode: keyof typeof MACVLAN_MODES }
  | {
      readonly kind: 'ipvlan';
      readonly mode: keyof typeof IPVLAN_MODES;
      readonly flag: keyof typeof IPVLAN_FLAGS;
    };

export interface StackedOptions {
  readonly stacking: Stacking;
  /** 0: that of the parent. */
  readonly mtu: number;
  readonly internal: boolean;
  readonly shown: Readonly<Record<string, string>>;
}

/**
 * A network whose containers are on the link of an interface of the host, beside the host itself: macvlan, each with a
 * hardware address of its own, or ipvlan, all with the parent's. The host's firewall does not see them.
 */
export class StackedDriver implements Driver {
  readonly ownNamespace = true;
  readonly #stack: HostStack;
  readonly #parent: ParentLink;
  readonly #space: AddressSpace;
  readonly #options: StackedOptions;

  constructor(stack: HostStack, parent: ParentLink, space: AddressSpace, options: StackedOptions) {
    this.#stack = stack;
    this.#parent = parent;
    this.#space = space;
    this.#options = options;
  }

  get kind() {
    return this.#options.stacking.kind;
  }

  get subnets() {
    return this.#space.subnets;
  }

  get options() {
    return this.#options.shown;
  }

  /** The interfaces of the host that were made for it. */
  get ownLinks(): string[] {
    return this.#parent.links;
  }

  /** Throws Unavailable when no address is left, InvalidArgument or Forbidden when the wanted one cannot be had. */
  reserve({ endpointId, macAddress, ipv4Address, ipv6Address, linkLocal = [] }: ReserveRequest): Attachment {
    const ipv4 = this.#space.allocate(4, ipv4Address);
    try {
      const ipv6 = this.#space.allocate(6, ipv6Address);
      const { stacking, internal } = this.#options;
      const ownMac = macAddress ?? (ipv4 === undefined ? macOfId(endpointId) : macOf(ipv4.address));
      return {
        ...NO_ATTACHMENT,
        ...(ipv4 && {
          ipAddress: ipv4.address,
          prefixLen: ipv4.prefixLength,
          gateway: internal ? '' : ipv4.gateway,
        }),
        ...(ipv6 && {
          ipv6Address: ipv6.address,
          ipv6PrefixLen: ipv6.prefixLength,
          ipv6Gateway: internal ? '' : ipv6.gateway,
        }),
        macAddress: stacking.kind === 'macvlan' ? ownMac : '',
        ...(linkLocal.length > 0 && { linkLocal }),
        ...(!internal && stacking.mode.startsWith('l3') && { leadsEverywhere: true }),
      };
    } catch (error) {
      this.#space.release(ipv4?.address ?? '');
      throw error;
    }
  }

  connect({ netlink, netns, interfaceName }: Inside, attachment: Attachment): void {
    allowIpv6(attachment.ipv6Address !== '');
    const { stacking, mtu } = this.#options;
    const link = { name: interfaceName, parent: this.#parent.index, netns, mtu };
    this.#stack.netlink.send(
      stacking.kind === 'macvlan'
        ? createMacvlan({ ...link, mac: attachment.macAddress, mode: stacking.mode })
        : createIpvlan({ ...link, mode: stacking.mode, flag: stacking.flag }),
    );
    const { index } = getLink(netlink, interfaceName);
    netlink.send(changeLink(index, { up: true }));
    addAddresses(netlink, index, attachment);
  }

  /** The interface itself goes with the namespace, or is deleted in it: the host has no end of it. */
  disconnect({ ipAddress, ipv6Address }: Attachment): void {
    this.#space.release(ipAddress);
    this.#space.release(ipv6Address);
  }

  /** Throws InvalidArgument or Forbidden when the address cannot be had any more. */
  adopt({ ipAddress, ipv6Address }: Attachment): void {
    if (ipAddress !== '') this.#space.reserve(ipAddress);
    if (ipv6Address !== '') this.#space.reserve(ipv6Address);
  }

  async remove(): Promise<void> {
    this.#parent.remove(this.#stack);
  }
}
