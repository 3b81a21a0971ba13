import type { Duplex } from 'node:stream';

/** Bytes received and not yet asked for, above which the peer is made to wait. */
const HIGH_WATER = 256 * 1024;

/**
 * Reads a stream piece by piece, on demand, with backpressure. Unlike an async iterator of the stream it can give back
 * what was read too much, and let go of the stream without destroying it.
 */
export class ByteSource {
  readonly #stream: Duplex;
  readonly #pieces: Buffer[] = [];
  #queued = 0;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('data', this.#onData);
    stream.on('end', this.#onEnd);
    stream.on('close', this.#onEnd);
    stream.on('error', this.#onError);
  }

  /** The next bytes, at least one; null at the end of the stream. Throws the stream's error. */
  async read(): Promise<Buffer | null> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece) {
        this.#queued -= piece.length;
        if (this.#queued < HIGH_WATER && this.#stream.isPaused()) this.#stream.resume();
        return piece;
      }
      if (this.#failure) throw this.#failure;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Puts bytes back, to be read next. */
  unread(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#pieces.unshift(bytes);
    this.#queued += bytes.length;
  }

  /** Lets go of the stream and hands it back paused, with the bytes nobody has read yet in front. */
  release(): Duplex {
    this.#stream.pause();
    this.#stream.off('data', this.#onData);
    this.#stream.off('end', this.#onEnd);
    this.#stream.off('close', this.#onEnd);
    this.#stream.off('error', this.#onError);
    if (this.#queued > 0) this.#stream.unshift(Buffer.concat(this.#pieces));
    return this.#stream;
  }

  #onData = (bytes: Buffer): void => {
    this.#pieces.push(bytes);
    this.#queued += bytes.length;
    if (this.#queued >= HIGH_WATER) this.#stream.pause();
    this.#notify();
  };

  #onEnd = (): void => {
    this.#ended = true;
    this.#notify();
  };

  #onError = (error: Error): void => {
    this.#failure ??= error;
    this.#notify();
  };

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
