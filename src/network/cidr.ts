import { InvalidArgument } from '../api/index.ts';
import { addressBytes, addressText } from '../linux/index.ts';

export type Family = 4 | 6;

/** An IP address as a number, so that it can be counted with. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** A range of addresses with a common prefix; `first` has no bit set after it. */
export interface Cidr {
  readonly family: Family;
  readonly first: bigint;
  readonly prefixLength: number;
}

/** Throws InvalidArgument. */
export function parseAddress(text: string): Address {
  const bytes = addressBytes(text);
  if (bytes === undefined) throw new InvalidArgument(`invalid IP address: ${text}`);
  return { family: bytes.length === 4 ? 4 : 6, value: BigInt(`0x${bytes.toString('hex')}`) };
}

export function formatAddress({ family, value }: Address): string {
  return addressText(Buffer.from(value.toString(16).padStart(family === 4 ? 8 : 32, '0'), 'hex'));
}

/** Reads `172.17.0.1/16` as an address and the range that it lies in. Throws InvalidArgument. */
export function parseInterface(text: string): { address: Address; subnet: Cidr } {
  const [head = '', tail = '', ...rest] = text.split('/');
  const address = parseAddress(head);
  const prefixLength = Number(tail);
  if (!/^\d{1,3}$/.test(tail) || prefixLength > bits(address.family) || rest.length > 0) {
    throw new InvalidArgument(`invalid CIDR address: ${text}`);
  }
  return { address, subnet: cidrOf(address, prefixLength) };
}

/** Reads a range; bits after the prefix are dropped. Throws InvalidArgument. */
export function parseCidr(text: string): Cidr {
  return parseInterface(text).subnet;
}

export function formatCidr(cidr: Cidr): string {
  return `${formatAddress({ family: cidr.family, value: cidr.first })}/${cidr.prefixLength}`;
}

/** The range of that size in which the address lies. */
export function cidrOf(address: Address, prefixLength: number): Cidr {
  const host = BigInt(bits(address.family) - prefixLength);
  return { family: address.family, first: (address.value >> host) << host, prefixLength };
}

/** The last address of a range: in IPv4 its broadcast address. */
export function lastOf(cidr: Cidr): bigint {
  return cidr.first + (1n << BigInt(bits(cidr.family) - cidr.prefixLength)) - 1n;
}

export function contains(cidr: Cidr, { family, value }: Address): boolean {
  return family === cidr.family && value >= cidr.first && value <= lastOf(cidr);
}

export function overlaps(one: Cidr, other: Cidr): boolean {
  return one.family === other.family && one.first <= lastOf(other) && other.first <= lastOf(one);
}

/** The ranges of `prefixLength` that a range can be cut into, lowest first. */
export function* subnetsOf(cidr: Cidr, prefixLength: number): Generator<Cidr> {
  const step = 1n << BigInt(bits(cidr.family) - prefixLength);
  for (let first = cidr.first; first <= lastOf(cidr); first += step) {
    yield { family: cidr.family, first, prefixLength };
  }
}

/** Bits of an address. */
export function bits(family: Family): number {
  return family === 4 ? 32 : 128;
}
