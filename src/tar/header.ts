import { InvalidArgument } from '../api/index.ts';
import { BLOCK, type TarEntryType } from './entry.ts';
import { checksumOf, parseNumber } from './numbers.ts';

/** The fields of one 512-byte header block, before extended headers are applied. Names are bytes as 'latin1'. */
export interface RawHeader {
  name: string;
  linkName: string;
  /** The type flag as a character; `0` for the old zero byte. */
  flag: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: number;
  major: number;
  minor: number;
}

const types: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

/** What a type flag makes, or undefined for flags that make nothing. */
export function typeOfFlag(flag: string): TarEntryType | undefined {
  return types[flag];
}

/** True for the block of zeroes that ends an archive. */
export function isBlank(block: Buffer): boolean {
  return block.equals(blank);
}

const blank = Buffer.alloc(BLOCK);

/** Reads a header block: old (V7), POSIX (ustar) or GNU. Throws InvalidArgument when the checksum is wrong. */
export function parseHeader(block: Buffer): RawHeader {
  checkSum(block);
  const posix = block.toString('latin1', 257, 263) === 'ustar\0';
  const name = text(block, 0, 100);
  // GNU's own format keeps times where POSIX has the front part of a long name.
  const prefix = posix ? text(block, 345, 155) : '';
  const flag = block[156] === 0 ? '0' : String.fromCharCode(block[156]!);
  const device = flag === '3' || flag === '4';
  return {
    name: prefix ? `${prefix}/${name}` : name,
    linkName: text(block, 157, 100),
    flag,
    mode: parseNumber(block.subarray(100, 108)) & 0o7777,
    uid: parseNumber(block.subarray(108, 116)),
    gid: parseNumber(block.subarray(116, 124)),
    size: parseNumber(block.subarray(124, 136)),
    mtime: parseNumber(block.subarray(136, 148)),
    major: device ? parseNumber(block.subarray(329, 337)) : 0,
    minor: device ? parseNumber(block.subarray(337, 345)) : 0,
  };
}

function checkSum(block: Buffer): void {
  const sum = checksumOf(block);
  // Some old writers summed signed characters.
  const high = () =>
    block.reduce((count, byte, index) => count + (byte > 127 && (index < 148 || index > 155) ? 1 : 0), 0);
  const stated = block.toString('latin1', 148, 156).replaceAll('\0', ' ').trim();
  const value = /^[0-7]+$/.test(stated) ? Number.parseInt(stated, 8) : -1;
  if (value === sum || value === sum - 256 * high()) return;
  throw new InvalidArgument('not a tar archive, or a corrupted one: wrong header checksum');
}

function text(block: Buffer, offset: number, length: number): string {
  const end = block.indexOf(0, offset);
  return block.toString('latin1', offset, end < 0 || end > offset + length ? offset + length : end);
}
