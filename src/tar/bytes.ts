import { InvalidArgument } from '../api/index.ts';

const EMPTY = Buffer.alloc(0);

/** Reads a stream of chunks in pieces of the sizes that the reader wants. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunk: Buffer = EMPTY;
  #offset = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /**
   * Exactly `size` bytes, or undefined when the stream has ended before the first of them.
   * Throws InvalidArgument when it ends within them.
   */
  async take(size: number): Promise<Buffer | undefined> {
    if (this.#left === 0 && !(await this.#advance())) return undefined;
    if (this.#left >= size) return this.#slice(size);
    const whole = Buffer.allocUnsafe(size);
    for (let filled = 0; filled < size; ) {
      if (this.#left === 0 && !(await this.#advance())) throw truncated();
      filled += this.#slice(Math.min(size - filled, this.#left)).copy(whole, filled);
    }
    return whole;
  }

  /**
   * Between 1 and `most` bytes, whatever is at hand, without copying. Throws InvalidArgument at the end of the
   * stream.
   */
  async some(most: number): Promise<Buffer> {
    if (this.#left === 0 && !(await this.#advance())) throw truncated();
    return this.#slice(Math.min(most, this.#left));
  }

  /** Passes over `size` bytes. Throws InvalidArgument when the stream ends within them. */
  async skip(size: number): Promise<void> {
    for (let left = size; left > 0; ) left -= (await this.some(left)).length;
  }

  /** Reads and forgets everything up to the end of the stream. */
  async drain(): Promise<void> {
    do this.#slice(this.#left);
    while (await this.#advance());
  }

  /** Ends the stream early, so that its source can let go of what it holds. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  get #left(): number {
    return this.#chunk.length - this.#offset;
  }

  #slice(size: number): Buffer {
    const start = this.#offset;
    this.#offset += size;
    return this.#chunk.subarray(start, this.#offset);
  }

  async #advance(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#source.next();
      if (done) return false;
      if (value.length === 0) continue;
      this.#chunk = Buffer.isBuffer(value)
        ? value
        : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      this.#offset = 0;
      return true;
    }
  }
}

function truncated(): InvalidArgument {
  return new InvalidArgument('the archive is truncated: it ends in the middle of an entry');
}
