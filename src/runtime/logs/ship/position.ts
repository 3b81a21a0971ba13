import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';

/** How far a log has been sent: everything before this byte of the file with this number. */
export interface Position {
  readonly number: number;
  readonly offset: number;
}

const DIGITS = 20;

/** A position that outlives the engine: a small file that is overwritten in place. */
export class SavedPosition implements Disposable {
  readonly #fd: number;
  #value: Position;

  /** A log of which nothing has been sent is at its beginning. */
  constructor(path: string) {
    this.#value = readPosition(path);
    this.#fd = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
  }

  get value(): Position {
    return this.#value;
  }

  /** A power cut may lose it: lines are then sent twice. */
  set value(value: Position) {
    if (value.number === this.#value.number && value.offset === this.#value.offset) return;
    this.#value = value;
    // Always the same length: nothing of an older one is left over.
    const text = [value.number, value.offset].map((number) => String(number).padStart(DIGITS)).join(' ');
    writeSync(this.#fd, `${text}\n`, 0);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

function readPosition(path: string): Position {
  try {
    const match = /^ *(\d+) +(\d+)\n$/.exec(readFileSync(path, 'utf8'));
    if (match) return { number: Number(match[1]), offset: Number(match[2]) };
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error;
  }
  return { number: 0, offset: 0 };
}
