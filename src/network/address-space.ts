import { Forbidden, InvalidArgument, Unavailable } from '../api/index.ts';
import { contains, type Family, formatAddress, parseAddress, parseCidr } from './cidr.ts';
import { AddressPool } from './ipam.ts';

/** A subnet of a network with what is set aside in it. Plain data: it is kept in the network's record. */
export interface Subnet {
  /** CIDR. */
  readonly subnet: string;
  /** The address by which containers leave; the bridge's own where there is a bridge. */
  readonly gateway?: string;
  /** The part to give addresses from, as CIDR. */
  readonly range?: string;
  /** Addresses that belong to somebody else, by name. */
  readonly auxiliary?: Readonly<Record<string, string>>;
}

/** An address that was given to a container. */
export interface Allocation {
  readonly address: string;
  readonly prefixLength: number;
  /** The gateway of its subnet; empty when there is none. */
  readonly gateway: string;
}

interface Place {
  readonly family: Family;
  readonly pool: AddressPool;
  readonly gateway: string;
}

/** By this name among the auxiliary addresses a user gives containers a gateway that is not the bridge. */
const OTHER_GATEWAY = { 4: 'DefaultGatewayIPv4', 6: 'DefaultGatewayIPv6' };

/** The addresses of one network, over all its subnets. */
export class AddressSpace {
  readonly subnets: readonly Subnet[];
  readonly #places: readonly Place[];

  /** Throws InvalidArgument for a gateway, a range or an auxiliary address that is not within its subnet. */
  constructor(subnets: readonly Subnet[]) {
    this.subnets = subnets;
    this.#places = subnets.map(placeOf);
  }

  /** Whether the network has addresses of the family. */
  has(family: Family): boolean {
    return this.#places.some((place) => place.family === family);
  }

  /**
   * The lowest free address of the family, or the one that is wanted; undefined when the network has none of the family.
   * Throws Unavailable (none left), InvalidArgument (outside), Forbidden (taken).
   */
  allocate(family: Family, wanted?: string): Allocation | undefined {
    const places = this.#places.filter((place) => place.family === family);
    if (wanted !== undefined) {
      const place = this.#placeOf(wanted);
      if (place === undefined) {
        throw new InvalidArgument(
          `invalid endpoint settings:\nno configured subnet contains IP address ${wanted}`,
        );
      }
      place.pool.reserve(wanted);
      return allocation(place, formatAddress(parseAddress(wanted)));
    }
    if (places.length === 0) return undefined;
    for (const [index, place] of places.entries()) {
      try {
        return allocation(place, place.pool.allocate());
      } catch (error) {
        if (!(error instanceof Unavailable) || index === places.length - 1) throw error;
      }
    }
    return undefined;
  }

  /** Takes an address that is in use already. Throws InvalidArgument, Forbidden. */
  reserve(address: string): void {
    const place = this.#placeOf(address);
    if (place === undefined) throw new InvalidArgument(`no configured subnet contains IP address ${address}`);
    place.pool.reserve(address);
  }

  /** As `reserve`, without a word when it is taken already. */
  hold(address: string): void {
    try {
      this.reserve(address);
    } catch (error) {
      if (!(error instanceof Forbidden)) throw error;
    }
  }

  /** Gives an address back; one that is not taken, or empty, is no error. */
  release(address: string): void {
    if (address !== '') this.#placeOf(address)?.pool.release(address);
  }

  #placeOf(text: string): Place | undefined {
    const address = parseAddress(text);
    return this.#places.find(({ pool }) => contains(pool.subnet, address));
  }
}

function placeOf({ subnet, gateway, range, auxiliary = {} }: Subnet): Place {
  const cidr = parseCidr(subnet);
  const pool = new AddressPool(cidr, range === undefined ? cidr : parseCidr(range));
  if (gateway !== undefined) pool.reserve(gateway);
  for (const address of Object.values(auxiliary)) pool.reserve(address);
  return {
    family: cidr.family,
    pool,
    gateway: auxiliary[OTHER_GATEWAY[cidr.family]] ?? gateway ?? '',
  };
}

function allocation({ pool, gateway }: Place, address: string): Allocation {
  return { address, prefixLength: pool.subnet.prefixLength, gateway };
}
