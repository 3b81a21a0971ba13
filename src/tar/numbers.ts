import { InvalidArgument } from '../api/index.ts';

/**
 * Reads a number field of a tar header: octal digits between spaces and zero bytes, or, when the first bit is set,
 * GNU's base-256 (a big-endian two's complement number in the bits after the first). An empty field is 0. Throws
 * InvalidArgument when it is neither or beyond what a double holds exactly.
 */
export function parseNumber(field: Buffer): number {
  const first = field[0]!;
  if (first & 0x80) return parseBase256(field);
  let index = 0;
  while (index < field.length && (field[index] === 0x20 || field[index] === 0)) index++;
  let value = 0;
  for (; index < field.length; index++) {
    const byte = field[index]!;
    if (byte === 0x20 || byte === 0) break;
    if (byte < 0x30 || byte > 0x37) throw new InvalidArgument('corrupted tar header: a number is not octal');
    value = value * 8 + (byte - 0x30);
  }
  return value;
}

function parseBase256(field: Buffer): number {
  const negative = (field[0]! & 0x40) !== 0;
  let value = BigInt(field[0]! & 0x3f) - (negative ? 0x40n : 0n);
  for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte);
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) {
    throw new InvalidArgument('corrupted tar header: a number is too large');
  }
  return Number(value);
}

/** Writes a number field as octal digits and a zero byte. False when it does not fit or is negative. */
export function writeOctal(header: Buffer, value: number, offset: number, length: number): boolean {
  const digits = value.toString(8);
  const fits = value >= 0 && digits.length < length;
  header.write(`${(fits ? digits : '0').padStart(length - 1, '0')}\0`, offset, 'latin1');
  return fits;
}

/** The sum that a header's checksum field must hold: all bytes, with that field counted as spaces. */
export function checksumOf(header: Buffer): number {
  let sum = 8 * 0x20;
  for (let index = 0; index < 148; index++) sum += header[index]!;
  for (let index = 156; index < 512; index++) sum += header[index]!;
  return sum;
}
