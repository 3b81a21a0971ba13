import { addressText } from '../../linux/index.ts';

const IPV4_ZONE = '.in-addr.arpa';
const IPV6_ZONE = '.ip6.arpa';

/** The address that a name of RFC 1035 3.5 or RFC 3596 2.5 asks about; undefined when it is none of these. */
export function reversedAddress(name: string): string | undefined {
  const lower = name.toLowerCase().replace(/\.$/, '');
  if (lower.endsWith(IPV4_ZONE)) return reversedIpv4(lower.slice(0, -IPV4_ZONE.length));
  if (lower.endsWith(IPV6_ZONE)) return reversedIpv6(lower.slice(0, -IPV6_ZONE.length));
  return undefined;
}

function reversedIpv4(labels: string): string | undefined {
  const bytes = labels.split('.').reverse();
  const valid = bytes.length === 4 && bytes.every((byte) => /^\d{1,3}$/.test(byte) && Number(byte) < 256);
  return valid ? addressText(Uint8Array.from(bytes, Number)) : undefined;
}

function reversedIpv6(labels: string): string | undefined {
  const digits = labels.split('.').reverse().join('');
  return /^[0-9a-f]{32}$/.test(digits) && labels.length === 63
    ? addressText(Buffer.from(digits, 'hex'))
    : undefined;
}
