import type { FileHandle } from 'node:fs/promises';

const BLOCK = 256 * 1024;
/** A longer line cannot come from conmon, which cuts them at a few KiB. */
const MAX_LINE = 1024 * 1024;
const NEWLINE = 0x0a;

/** Reads a growing file line by line, from one offset to another or to where it ends now, as often as it is asked to. */
export class LineReader {
  readonly #file: FileHandle;
  readonly #end: number;
  readonly #block = Buffer.allocUnsafe(BLOCK);
  #at: number;
  #carry: Buffer = Buffer.alloc(0);

  constructor(file: FileHandle, start: number, end = Number.POSITIVE_INFINITY) {
    this.#file = file;
    this.#end = end;
    this.#at = start;
  }

  /** Where the last complete line that was read ends, as a byte offset. */
  get offset(): number {
    return this.#at - this.#carry.length;
  }

  /** The next complete lines without their newlines, a block's worth of them; undefined at the end of the file. */
  async next(): Promise<Buffer[] | undefined> {
    const size = Math.min(BLOCK, this.#end - this.#at);
    if (size <= 0) return undefined;
    const { bytesRead } = await this.#file.read(this.#block, 0, size, this.#at);
    if (bytesRead === 0) return undefined;
    this.#at += bytesRead;
    const bytes = Buffer.concat([this.#carry, this.#block.subarray(0, bytesRead)]);
    const lines: Buffer[] = [];
    let begin = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, begin)) {
      lines.push(bytes.subarray(begin, end));
      begin = end + 1;
    }
    this.#carry = bytes.length - begin > MAX_LINE ? Buffer.alloc(0) : bytes.subarray(begin);
    return lines;
  }
}
