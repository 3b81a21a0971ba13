import { Forbidden, InvalidArgument, Unavailable } from '../api/index.ts';
import {
  bits,
  type Cidr,
  contains,
  formatAddress,
  formatCidr,
  lastOf,
  overlaps,
  parseAddress,
} from './cidr.ts';

/**
 * Gives out the addresses of one subnet: always the lowest that is free, as Docker does, so that a container which is
 * made again mostly finds its address again. The network's own address and, in IPv4, the broadcast address are never given.
 */
export class AddressPool {
  readonly subnet: Cidr;
  readonly #first: bigint;
  readonly #last: bigint;
  readonly #taken = new Set<bigint>();
  /** No address of the range below this one is free. */
  #lowest: bigint;

  /** `range` is the part of the subnet to give addresses from. Throws InvalidArgument when it lies outside. */
  constructor(subnet: Cidr, range: Cidr = subnet) {
    if (!overlaps(subnet, range) || range.prefixLength < subnet.prefixLength) {
      throw new InvalidArgument(`address range ${formatCidr(range)} is not within ${formatCidr(subnet)}`);
    }
    this.subnet = subnet;
    let [first, last] = usable(subnet);
    if (range.first > first) first = range.first;
    if (lastOf(range) < last) last = lastOf(range);
    this.#first = first;
    this.#last = last;
    this.#lowest = first;
  }

  /** The lowest free address. Throws Unavailable when there is none. */
  allocate(): string {
    while (this.#taken.has(this.#lowest)) this.#lowest++;
    if (this.#lowest > this.#last) {
      throw new Unavailable(
        `no available IPv${this.subnet.family} addresses on this network's address pools: ${formatCidr(this.subnet)}`,
      );
    }
    const value = this.#lowest++;
    this.#taken.add(value);
    return formatAddress({ family: this.subnet.family, value });
  }

  /** Takes one address, in the range or only in the subnet. Throws InvalidArgument (outside) or Forbidden (taken). */
  reserve(text: string): void {
    const address = parseAddress(text);
    if (!contains(this.subnet, address)) {
      throw new InvalidArgument(`no configured subnet contains IP address ${text}`);
    }
    if (this.#taken.has(address.value)) throw new Forbidden(`Address already in use: ${text}`);
    this.#taken.add(address.value);
  }

  /** Gives an address back; one that is not taken is no error. */
  release(text: string): void {
    const { value } = parseAddress(text);
    if (!this.#taken.delete(value)) return;
    if (value < this.#lowest && value >= this.#first) this.#lowest = value;
  }

  /** How many addresses are taken. */
  get size(): number {
    return this.#taken.size;
  }
}

/** The first and the last address that a host may bear. Links with two addresses (RFC 3021) have no special ones. */
function usable(subnet: Cidr): [bigint, bigint] {
  const last = lastOf(subnet);
  if (bits(subnet.family) - subnet.prefixLength < 2) return [subnet.first, last];
  return [subnet.first + 1n, subnet.family === 4 ? last - 1n : last];
}
