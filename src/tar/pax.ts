import { InvalidArgument } from '../api/index.ts';
import type { FileTime } from './entry.ts';

/** Prefix of the PAX records that hold extended attributes. */
export const XATTR_PREFIX = 'SCHILY.xattr.';

/** Extended header records of POSIX.1-2001 pax: values are bytes. */
export type PaxRecords = Map<string, Buffer>;

/** Reads the records `LENGTH KEY=VALUE\n` of an extended header. Throws InvalidArgument when they are malformed. */
export function parsePax(body: Buffer): PaxRecords {
  const records: PaxRecords = new Map();
  for (let start = 0; start < body.length; ) {
    const space = body.indexOf(0x20, start);
    const lengthText = space < 0 ? '' : body.toString('latin1', start, space);
    const end = start + (/^\d{1,9}$/.test(lengthText) ? Number(lengthText) : 0);
    const equals = body.indexOf(0x3d, space);
    if (space < 0 || end > body.length || equals < 0 || equals >= end || body[end - 1] !== 0x0a) {
      throw new InvalidArgument('corrupted tar archive: malformed extended header');
    }
    records.set(body.toString('utf8', space + 1, equals), body.subarray(equals + 1, end - 1));
    start = end;
  }
  return records;
}

/** The bytes of extended header records, in the order given. */
export function formatPax(records: Iterable<readonly [string, Buffer]>): Buffer {
  const parts: Buffer[] = [];
  for (const [key, value] of records) {
    const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
    let length = rest.length + 1;
    while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
    parts.push(Buffer.from(String(length)), rest);
  }
  return Buffer.concat(parts);
}

/** A whole number in a record. Throws InvalidArgument. */
export function paxNumber(key: string, value: Buffer): number {
  const text = value.toString('latin1');
  const number = Number(text);
  if (!/^\d{1,19}$/.test(text) || !Number.isSafeInteger(number)) {
    throw new InvalidArgument(`corrupted tar archive: extended header "${key}" is not a number`);
  }
  return number;
}

/** A time in a record: decimal seconds with any number of digits of fraction. Throws InvalidArgument. */
export function paxTime(key: string, value: Buffer): FileTime {
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(value.toString('latin1'));
  if (!match) throw new InvalidArgument(`corrupted tar archive: extended header "${key}" is not a time`);
  const seconds = Number(match[2]);
  const nanoseconds = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (!match[1]) return { seconds, nanoseconds };
  return nanoseconds === 0
    ? { seconds: -seconds || 0, nanoseconds }
    : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds };
}

/** The text of a time for a record. */
export function formatPaxTime({ seconds, nanoseconds }: FileTime): string {
  if (nanoseconds === 0) return String(seconds);
  const negative = seconds < 0;
  const whole = negative ? -(seconds + 1) : seconds;
  const fraction = String(negative ? 1e9 - nanoseconds : nanoseconds)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${negative ? '-' : ''}${whole}.${fraction}`;
}
