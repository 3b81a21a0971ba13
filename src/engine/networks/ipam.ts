import { createHash } from 'node:crypto';
import { Forbidden, InvalidArgument, type IpamConfigRequest } from '../../api/index.ts';
import {
  AddressSpace,
  type Cidr,
  contains,
  type Family,
  formatAddress,
  formatCidr,
  type HostStack,
  hostNameservers,
  overlaps,
  parseAddress,
  parseCidr,
  parseInterface,
  pickSubnet,
  type Subnet,
  takenSubnets,
} from '../../network/index.ts';
import type { EngineConfig } from '../config.ts';

/** IPv6 networks without a subnet of their own get this much. */
const ULA_SUBNET = 64;

export interface IpamWish {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly config: readonly IpamConfigRequest[];
  /** Whether the network needs a gateway address on the host's side. */
  readonly gateways: boolean;
}

/** Decides on the subnets of one network after another, so that none overlaps another or what the host uses. */
export class Ipam {
  readonly #stack: HostStack;
  readonly #config: EngineConfig;
  /** The subnets of the networks that there are. */
  readonly #taken: () => readonly string[];

  constructor(stack: HostStack, config: EngineConfig, taken: () => readonly string[]) {
    this.#stack = stack;
    this.#config = config;
    this.#taken = taken;
  }

  /**
   * The subnets of a new network: those that are wanted, and one of the default pools for each family that has none. Throws
   * InvalidArgument for what contradicts itself, Forbidden for what overlaps another network.
   */
  plan(wish: IpamWish): Subnet[] {
    const config = wish.config.filter(({ Subnet }) => Subnet !== '');
    if (config.length < wish.config.length && wish.config.some(hasDetails)) {
      throw new InvalidArgument(
        'invalid network config:\nno subnet is given for a gateway, range or address',
      );
    }
    const wanted = config.map((entry) => wantedSubnet(entry, wish));
    this.#refuseOverlaps(wanted);
    const has = (family: Family) => wanted.some(({ subnet }) => parseCidr(subnet).family === family);
    const subnets = [
      ...(wish.ipv4 && !has(4) ? [this.#pick(4, wish.gateways)] : []),
      ...wanted,
      ...(wish.ipv6 && !has(6) ? [this.#pick(6, wish.gateways)] : []),
    ];
    // Says so when a gateway, a range or an address lies outside.
    new AddressSpace(subnets);
    return subnets;
  }

  #pick(family: Family, gateways: boolean): Subnet {
    const { defaultAddressPools, identity } = this.#config;
    const pools =
      family === 6 && !defaultAddressPools.some(({ base }) => base.includes(':'))
        ? [{ base: ulaOf(identity.id), size: ULA_SUBNET }]
        : defaultAddressPools;
    const taken = [
      ...takenSubnets(this.#stack.netlink, hostNameservers()),
      ...this.#taken().map((text) => parseCidr(text)),
    ];
    const subnet = pickSubnet(pools, taken, family);
    return { subnet: formatCidr(subnet), ...(gateways && { gateway: firstOf(subnet) }) };
  }

  #refuseOverlaps(wanted: readonly Subnet[]): void {
    const present = this.#taken().map((text) => parseCidr(text));
    for (const [index, { subnet }] of wanted.entries()) {
      const cidr = parseCidr(subnet);
      const others = [...present, ...wanted.slice(0, index).map((it) => parseCidr(it.subnet))];
      if (others.some((other) => overlaps(other, cidr))) {
        throw new Forbidden('invalid pool request: Pool overlaps with other one on this address space');
      }
    }
  }
}

function wantedSubnet(entry: IpamConfigRequest, { gateways, ipv6 }: IpamWish): Subnet {
  const cidr = subnetIn(entry.Subnet);
  if (cidr.family === 6 && !ipv6) {
    throw new InvalidArgument(
      `invalid network config:\ninvalid subnet ${entry.Subnet}: IPv6 has not been enabled`,
    );
  }
  const gateway = entry.Gateway !== '' ? entry.Gateway : gateways ? firstOf(cidr) : undefined;
  const auxiliary = Object.entries(entry.AuxiliaryAddresses);
  for (const address of [...(gateway === undefined ? [] : [gateway]), ...auxiliary.map(([, it]) => it)]) {
    if (contains(cidr, parseAddress(address))) continue;
    throw new InvalidArgument(
      `invalid network config:\ninvalid address ${address}: it is not within subnet ${entry.Subnet}`,
    );
  }
  return {
    subnet: formatCidr(cidr),
    ...(gateway !== undefined && { gateway }),
    ...(entry.IPRange !== '' && { range: entry.IPRange }),
    ...(auxiliary.length > 0 && { auxiliary: Object.fromEntries(auxiliary) }),
  };
}

function subnetIn(text: string): Cidr {
  const { address, subnet } = parseInterface(text);
  if (address.value !== subnet.first) {
    throw new InvalidArgument(
      `invalid network config:\ninvalid subnet ${text}: it should be ${formatCidr(subnet)}`,
    );
  }
  return subnet;
}

function hasDetails({ Subnet, Gateway, IPRange, AuxiliaryAddresses }: IpamConfigRequest): boolean {
  return Subnet === '' && (Gateway !== '' || IPRange !== '' || Object.keys(AuxiliaryAddresses).length > 0);
}

function firstOf(cidr: Cidr): string {
  return formatAddress({ family: cidr.family, value: cidr.first + 1n });
}

/** The engine's own /48 of the unique local addresses (RFC 4193), which follows from its ID. */
function ulaOf(engineId: string): string {
  const [a, b, c, d, e] = createHash('sha256').update(engineId).digest();
  const group = (high: number, low: number) => ((high << 8) | low).toString(16);
  return `${group(0xfd, a!)}:${group(b!, c!)}:${group(d!, e!)}::/48`;
}
