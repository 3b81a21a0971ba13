import { InvalidArgument } from '../../api/index.ts';
import {
  addAddress,
  addRoute,
  changeLink,
  createVeth,
  findLink,
  getLink,
  isolatePort,
  readSysctl,
  writeSysctl,
} from '../../linux/index.ts';
import { type Bridge, deleteBridge } from '../bridge-link.ts';
import { contains, formatAddress, formatCidr, parseAddress, parseCidr, parseInterface } from '../cidr.ts';
import type { BridgeRules } from '../firewall.ts';
import type { HostStack } from '../host-stack.ts';
import { AddressPool } from '../ipam.ts';
import { macOf } from '../mac.ts';
import { type Attachment, type Driver, type Inside, NO_ATTACHMENT, type ReserveRequest } from './driver.ts';

const DISABLE_IPV6 = 'net.ipv6.conf.default.disable_ipv6';

export interface BridgeOptions {
  readonly mtu: number;
  /** Whether the containers may talk to each other. */
  readonly icc: boolean;
  readonly masquerade: boolean;
  /** The part of the subnet to give addresses from, as CIDR. */
  readonly range?: string | undefined;
  /** The containers' gateway when it is not the bridge. */
  readonly gateway?: string | undefined;
  /** Whether it is the network that containers join when they name none. */
  readonly isDefault: boolean;
  /** The host address on which ports are published that name none. */
  readonly hostBinding: string;
}

/** A network whose containers hang on a bridge, each by a veth pair. */
export class BridgeDriver implements Driver {
  readonly kind = 'bridge';
  readonly ownNamespace = true;
  /** The containers' gateway. */
  readonly gateway: string;
  /** The bridge's own address, by which containers reach the host. */
  readonly hostAddress: string;
  readonly #stack: HostStack;
  readonly #bridge: Bridge;
  readonly #options: BridgeOptions;
  readonly #pool: AddressPool;

  /** Throws InvalidArgument when range or gateway do not lie in the bridge's subnet. */
  constructor(stack: HostStack, bridge: Bridge, options: BridgeOptions) {
    this.#stack = stack;
    this.#bridge = bridge;
    this.#options = options;
    const { address, subnet } = parseInterface(bridge.address);
    this.hostAddress = formatAddress(address);
    this.gateway = options.gateway ?? this.hostAddress;
    if (!contains(subnet, parseAddress(this.gateway))) {
      throw new InvalidArgument(`gateway ${this.gateway} is not within ${formatCidr(subnet)}`);
    }
    this.#pool = new AddressPool(subnet, options.range === undefined ? subnet : parseCidr(options.range));
    this.#pool.reserve(this.hostAddress);
    if (parseAddress(this.gateway).value !== address.value) this.#pool.reserve(this.gateway);
  }

  get subnets() {
    const range = this.#options.range;
    const subnet = formatCidr(this.#pool.subnet);
    return [{ subnet, gateway: this.gateway, ...(range === undefined ? {} : { range }) }];
  }

  get options(): Record<string, string> {
    return {
      ...(this.#options.isDefault ? { 'com.docker.network.bridge.default_bridge': 'true' } : {}),
      'com.docker.network.bridge.enable_icc': String(this.#options.icc),
      'com.docker.network.bridge.enable_ip_masquerade': String(this.#options.masquerade),
      'com.docker.network.bridge.host_binding_ipv4': this.#options.hostBinding,
      'com.docker.network.bridge.name': this.#bridge.name,
      'com.docker.network.driver.mtu': String(this.#options.mtu),
    };
  }

  /** What the firewall has to do for this network. */
  get rules(): BridgeRules {
    return {
      bridge: this.#bridge.name,
      subnet: formatCidr(this.#pool.subnet),
      masquerade: this.#options.masquerade,
    };
  }

  /** The interface, to tell it from bridges that nobody needs any more. */
  get bridgeName(): string {
    return this.#bridge.name;
  }

  /** Throws Unavailable when no address is left. */
  reserve({ endpointId, macAddress }: ReserveRequest): Attachment {
    const ipAddress = this.#pool.allocate();
    return {
      ...NO_ATTACHMENT,
      ipAddress,
      prefixLen: this.#pool.subnet.prefixLength,
      gateway: this.gateway,
      macAddress: macAddress ?? macOf(ipAddress),
      hostInterface: hostInterfaceOf(endpointId),
    };
  }

  connect(inside: Inside, attachment: Attachment, containerId: string): void {
    this.#plugInside(inside, attachment);
    this.#plugOutside(attachment.hostInterface, this.#stack.aliasOf(containerId));
  }

  disconnect({ ipAddress, hostInterface }: Attachment): void {
    this.#pool.release(ipAddress);
    this.#stack.reaper.bury(hostInterface);
  }

  /** Throws InvalidArgument or Forbidden when the address cannot be had any more. */
  adopt({ ipAddress, hostInterface }: Attachment): void {
    this.#pool.reserve(ipAddress);
    const link = findLink(this.#stack.netlink, hostInterface);
    if (link !== undefined && link.master !== this.#bridge.index) {
      this.#stack.netlink.send(changeLink(link.index, { master: this.#bridge.index, up: true }));
    }
  }

  async remove(): Promise<void> {
    if (this.#bridge.own) await deleteBridge(this.#bridge.name);
  }

  #plugInside(
    { netlink, interfaceName }: Inside,
    { hostInterface, macAddress, ipAddress, prefixLen, gateway }: Attachment,
  ): void {
    // A network without IPv6 shall not have it by the back door of link-local addresses.
    if (readSysctl(DISABLE_IPV6) === '0') writeSysctl(DISABLE_IPV6, '1');
    const { mtu } = this.#options;
    netlink.send(
      createVeth(
        { name: interfaceName, mac: macAddress, mtu, up: true },
        { name: hostInterface, mtu, netns: this.#stack.home },
      ),
    );
    const { index } = getLink(netlink, interfaceName);
    netlink.send(addAddress(index, ipAddress, prefixLen), addRoute({ gateway, index }));
  }

  #plugOutside(name: string, alias: string): void {
    const { netlink } = this.#stack;
    netlink.send(
      // Before it is up: afterwards it would have its address already.
      changeLink(name, { alias, noLinkLocal: true }),
      changeLink(name, { master: this.#bridge.index, up: true }),
    );
    if (!this.#options.icc) netlink.send(isolatePort(getLink(netlink, name).index, true));
  }
}

/** Interface names have at most 15 characters: enough of the endpoint's ID that no two ever meet. */
function hostInterfaceOf(endpointId: string): string {
  return `veth${endpointId.slice(0, 11)}`;
}
