import { isIPv4, isIPv6 } from 'node:net';

/** An IPv4 or IPv6 address as 4 or 16 bytes in network order; undefined when the text is no address. A zone is not allowed. */
export function addressBytes(text: string): Buffer | undefined {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const [left = '', right] = text.split('::');
  const head = groupBytes(left);
  const tail = groupBytes(right ?? '');
  return Buffer.from([...head, ...new Array<number>(16 - head.length - tail.length).fill(0), ...tail]);
}

/** The usual text of an address of 4 or 16 bytes; IPv6 as RFC 5952 wants it. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups: number[] = [];
  for (let offset = 0; offset < 16; offset += 2) groups.push((bytes[offset]! << 8) | bytes[offset + 1]!);
  const { start, length } = longestZeroes(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

/** The bytes of `2001:db8` or of `ffff:192.0.2.1`. */
function groupBytes(text: string): number[] {
  return text
    .split(':')
    .filter((group) => group !== '')
    .flatMap((group) => {
      if (group.includes('.')) return group.split('.').map(Number);
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 0xff];
    });
}

/** The first of the longest runs of zero groups. */
function longestZeroes(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}
