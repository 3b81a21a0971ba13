import type { FileHandle } from 'node:fs/promises';
import { parseLogLine } from './line.ts';

const BLOCK = 64 * 1024;
const NEWLINE = 0x0a;

/**
 * Looks for where the last `count` lines of the wanted streams begin, reading backwards so that a long log costs no more than
 * a short one. Files are given newest first. Pieces of a line count as one with its end, also across files.
 */
export class TailSearch {
  readonly #count: number;
  readonly #wanted: (stream: number) => boolean;
  #lines = 0;
  #begin = 0;

  constructor(count: number, wanted: (stream: number) => boolean) {
    this.#count = count;
    this.#wanted = wanted;
  }

  /** The byte offset at which the tail begins in this file; undefined when it begins in an older one. */
  async in(file: FileHandle): Promise<number | undefined> {
    const { size } = await file.stat();
    this.#begin = size;
    if (this.#count === 0) return size;
    let carry: Buffer = Buffer.alloc(0);
    let at = size;
    while (at > 0) {
      const length = Math.min(BLOCK, at);
      at -= length;
      const block = Buffer.alloc(length);
      await file.read(block, 0, length, at);
      const bytes = Buffer.concat([block, carry]);
      let end = bytes.length;
      for (let newline = bytes.lastIndexOf(NEWLINE, end - 1); newline >= 0; ) {
        if (newline + 1 < end && this.#take(bytes.subarray(newline + 1, end), at + newline + 1))
          return this.#begin;
        end = newline;
        newline = end === 0 ? -1 : bytes.lastIndexOf(NEWLINE, end - 1);
      }
      carry = bytes.subarray(0, end);
    }
    return carry.length > 0 && this.#take(carry, 0) ? this.#begin : undefined;
  }

  /** Takes an entry that begins at `offset`; gives whether enough lines lie behind it. */
  #take(entry: Buffer, offset: number): boolean {
    const parsed = parseLogLine(entry);
    if (parsed === undefined || !this.#wanted(parsed.stream)) return false;
    const ends = parsed.content.at(-1) === NEWLINE;
    // An end of line begins a new line when one reads backwards, and so does the unfinished last one.
    if (ends || this.#lines === 0) this.#lines++;
    if (this.#lines > this.#count) return true;
    this.#begin = offset;
    return false;
  }
}
