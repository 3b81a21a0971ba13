import type { FileHandle } from 'node:fs/promises';
import { parseLogLine } from './line.ts';

const BLOCK = 64 * 1024;
const NEWLINE = 0x0a;

/**
 * Where in a log file the last `count` lines of the wanted streams begin, as a byte offset, reading backwards so that a
 * long log costs no more than a short one. Pieces of a line count as one with its end.
 */
export async function tailOffset(
  file: FileHandle,
  size: number,
  count: number,
  wanted: (stream: number) => boolean,
): Promise<number> {
  let lines = 0;
  let begin = size;
  let carry: Buffer = Buffer.alloc(0);
  let at = size;
  /** Takes an entry that begins at `offset`; gives whether enough lines lie behind it. */
  const take = (entry: Buffer, offset: number): boolean => {
    const parsed = parseLogLine(entry);
    if (parsed === undefined || !wanted(parsed.stream)) return false;
    const ends = parsed.content.at(-1) === NEWLINE;
    // An end of line begins a new line when one reads backwards, and so does the unfinished last one.
    if (ends || lines === 0) lines++;
    if (lines > count) return true;
    begin = offset;
    return false;
  };
  while (at > 0) {
    const length = Math.min(BLOCK, at);
    at -= length;
    const block = Buffer.alloc(length);
    await file.read(block, 0, length, at);
    const bytes = Buffer.concat([block, carry]);
    let end = bytes.length;
    for (let newline = bytes.lastIndexOf(NEWLINE, end - 1); newline >= 0; ) {
      if (newline + 1 < end && take(bytes.subarray(newline + 1, end), at + newline + 1)) return begin;
      end = newline;
      newline = end === 0 ? -1 : bytes.lastIndexOf(NEWLINE, end - 1);
    }
    carry = bytes.subarray(0, end);
  }
  if (carry.length > 0) take(carry, 0);
  return begin;
}
