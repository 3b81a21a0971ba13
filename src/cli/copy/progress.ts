import { complain, write } from '../output.ts';
import { humanSize } from '../units.ts';

const INTERVAL = 250;

/** Tells at the terminal how much has been copied: a line that is written again, and one at the end. */
export class CopyProgress {
  readonly #header: string;
  readonly #shown: boolean;
  #bytes = 0;
  #last = 0;

  constructor(header: string, shown: boolean) {
    this.#header = header;
    this.#shown = shown;
  }

  /** Counts the bytes that pass. */
  async *count(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    for await (const piece of bytes) {
      this.#bytes += piece.length;
      if (this.#shown && Date.now() - this.#last > INTERVAL) this.#draw();
      yield piece;
    }
  }

  /** Says where it all went. */
  done(destination: string): void {
    if (!this.#shown) return;
    if (this.#last > 0) write(2, '\r\u001b[2K');
    complain(`Successfully copied ${humanSize(this.#bytes, 3)} to ${destination}`);
  }

  #draw(): void {
    this.#last = Date.now();
    write(2, `\r\u001b[2K${this.#header} ${humanSize(this.#bytes, 3)}`);
  }
}
