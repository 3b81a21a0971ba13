import { InvalidArgument } from '../api/index.ts';
import { listAddresses, listRoutes, type Netlink } from '../linux/index.ts';
import {
  bits,
  type Cidr,
  cidrOf,
  type Family,
  overlaps,
  parseAddress,
  parseCidr,
  subnetsOf,
} from './cidr.ts';

/** A range from which networks without a subnet of their own get one of `size` bits. */
export interface SubnetPool {
  readonly base: string;
  readonly size: number;
}

/** A wider route is a default route in disguise, such as the two halves that VPN clients add; it takes nothing away. */
const WIDEST_ROUTE = 8;

/** The first subnet of the family's pools that overlaps nothing in `taken`. Throws InvalidArgument when there is none. */
export function pickSubnet(pools: readonly SubnetPool[], taken: readonly Cidr[], family: Family = 4): Cidr {
  for (const pool of pools) {
    const base = parseCidr(pool.base);
    if (base.family !== family) continue;
    for (const subnet of subnetsOf(base, pool.size)) {
      if (!taken.some((other) => overlaps(other, subnet))) return subnet;
    }
  }
  throw new InvalidArgument(
    'all predefined address pools have been fully subnetted: add one with --default-address-pool',
  );
}

/**
 * What the host uses already: its addresses with their subnets, the networks that it has routes to, and its name servers.
 * `except` is a link that does not count.
 */
export function takenSubnets(netlink: Netlink, nameservers: readonly string[] = [], except?: number): Cidr[] {
  const addresses = listAddresses(netlink).filter(({ index }) => index !== except);
  const routes = listRoutes(netlink).filter(
    (route) => route.index !== except && route.prefixLength >= WIDEST_ROUTE,
  );
  const servers = nameservers.map(parseAddress).map((address) => cidrOf(address, bits(address.family)));
  return [
    ...addresses.map(({ address, prefixLength }) => cidrOf(parseAddress(address), prefixLength)),
    ...routes.map(({ address, prefixLength }) => cidrOf(parseAddress(address), prefixLength)),
    ...servers,
  ];
}
