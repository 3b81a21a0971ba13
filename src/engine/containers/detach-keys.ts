import { Transform } from 'node:stream';
import { InvalidArgument } from '../../api/index.ts';

/** Docker's: ctrl-p, then ctrl-q. */
export const DEFAULT_DETACH_KEYS = 'ctrl-p,ctrl-q';

const CONTROL: Readonly<Record<string, number>> = { '@': 0, '[': 27, '\\': 28, ']': 29, '^': 30, _: 31 };

/** The bytes of a key sequence such as `ctrl-p,ctrl-q` or `a,ctrl-x`. Throws InvalidArgument. */
export function parseDetachKeys(text: string): Buffer {
  return Buffer.from(
    text.split(',').map((key) => {
      if (key.length === 1) return key.charCodeAt(0);
      const name = key.startsWith('ctrl-') ? key.slice('ctrl-'.length) : '';
      if (/^[a-zA-Z]$/.test(name)) return name.toLowerCase().charCodeAt(0) - 'a'.charCodeAt(0) + 1;
      const code = CONTROL[name];
      if (code === undefined)
        throw new InvalidArgument(`Invalid detach keys (${text}): unknown character: '${key}'`);
      return code;
    }),
  );
}

/**
 * Passes a terminal's input on until the key sequence comes, then calls `detached`. Keys that begin the sequence are held
 * back until it is clear that they do not, and the sequence itself is never passed on.
 */
export class DetachFilter extends Transform {
  readonly #keys: Buffer;
  readonly #detached: () => void;
  #matched = 0;

  constructor(keys: Buffer, detached: () => void) {
    super();
    this.#keys = keys;
    this.#detached = detached;
  }

  override _transform(bytes: Buffer, _encoding: string, done: () => void): void {
    const passed: Buffer[] = [];
    for (const [at, byte] of bytes.entries()) {
      if (byte !== this.#keys[this.#matched]) {
        if (this.#matched > 0) passed.push(this.#keys.subarray(0, this.#matched));
        this.#matched = byte === this.#keys[0] ? 1 : 0;
        if (this.#matched === 0) passed.push(bytes.subarray(at, at + 1));
        continue;
      }
      this.#matched++;
      if (this.#matched < this.#keys.length) continue;
      this.push(Buffer.concat(passed));
      this.#detached();
      return;
    }
    if (passed.length > 0) this.push(Buffer.concat(passed));
    done();
  }

  override _flush(done: () => void): void {
    if (this.#matched > 0) this.push(this.#keys.subarray(0, this.#matched));
    done();
  }
}
