import { addressBytes } from '../linux/index.ts';

/**
 * The hardware address that belongs to an IPv4 address: 172.17.0.2 has 02:42:ac:11:00:02. An address that passes to
 * another container keeps it, so that no neighbour's ARP cache is ever wrong. Newer Dockers pick one at random and have to
 * announce it.
 */
export function macOf(ipv4: string): string {
  return formatMac([0x02, 0x42, ...addressBytes(ipv4)!]);
}

/** A hardware address for an interface without IPv4, from an ID in hexadecimal digits. */
export function macOfId(id: string): string {
  return formatMac([0x02, 0x42, ...Buffer.from(id.slice(0, 8), 'hex')]);
}

function formatMac(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
