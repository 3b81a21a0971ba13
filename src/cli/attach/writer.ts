import { write } from 'node:fs';
import { BROKEN_PIPE } from '../output.ts';

/** Waiting bytes above which a writer asks its source to pause. */
const HIGH_WATER = 1024 * 1024;

/**
 * Writes to a file descriptor in order, without holding up the program when nobody reads on: signals are still handled
 * while a pager has all it wants for now.
 */
export class FdWriter {
  readonly #fd: number;
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Queues bytes; false when the caller should wait for `settled` before it sends more. */
  write(bytes: Uint8Array): boolean {
    this.#waiting += bytes.length;
    this.#tail = this.#tail.then(() => this.#writeAll(bytes));
    return this.#waiting < HIGH_WATER;
  }

  /** Resolves when all that was queued so far is written. */
  settled(): Promise<void> {
    return this.#tail;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0; ) {
      const written = await this.#writeSome(rest);
      rest = rest.subarray(written);
    }
    this.#waiting -= bytes.length;
  }

  #writeSome(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve) => {
      write(this.#fd, bytes, 0, bytes.length, null, (error, written) => {
        if (!error) resolve(written);
        // Somebody else made the descriptor non-blocking, and it is full.
        else if (error.code === 'EAGAIN') setTimeout(() => resolve(0), 2);
        // Nobody reads any more: this program ends, as it would by SIGPIPE.
        else process.exit(BROKEN_PIPE);
      });
    });
  }
}
