import { readSync } from 'node:fs';
import { Internal } from '../api/index.ts';

/** Places in the shared memory. */
const CHANGES = 0;
const STATE = 1;
/** Of the second array of 64-bit numbers. */
const CONSUMED = 1;

const GROWING = 0;
const COMPLETE = 1;
const BROKEN = 2;

const READ_SIZE = 256 << 10;

/** A file that grows while other threads read it: its path and the memory by which its writer tells them. */
export interface GrowingFile {
  readonly path: string;
  readonly shared: SharedArrayBuffer;
}

/** The writer's side of a growing file. */
export class Growth implements GrowingFile {
  readonly path: string;
  readonly shared = new SharedArrayBuffer(16);
  readonly #words = new Int32Array(this.shared);
  readonly #counts = new BigInt64Array(this.shared);

  constructor(path: string) {
    this.path = path;
  }

  /** Bytes that the reader has taken, for progress. */
  get consumed(): number {
    return Number(Atomics.load(this.#counts, CONSUMED));
  }

  /** There is more to read. */
  grown(): void {
    this.#tell(GROWING);
  }

  /** There will be no more. */
  complete(): void {
    this.#tell(COMPLETE);
  }

  /** What is there is worthless: readers fail. */
  break(): void {
    if (Atomics.load(this.#words, STATE) === GROWING) this.#tell(BROKEN);
  }

  #tell(state: number): void {
    if (state !== GROWING) Atomics.store(this.#words, STATE, state);
    Atomics.add(this.#words, CHANGES, 1);
    Atomics.notify(this.#words, CHANGES);
  }
}

/**
 * Reads a file from its descriptor, in chunks. A growing one is read to the end that its writer declares, and the
 * calling thread sleeps while there is nothing to read: for worker threads alone. Throws Internal when the writer gives
 * up.
 */
export async function* readGrowing(fd: number, shared?: SharedArrayBuffer): AsyncGenerator<Uint8Array> {
  const words = shared && new Int32Array(shared);
  const counts = shared && new BigInt64Array(shared);
  for (;;) {
    // Looked at before reading: what changes later wakes the sleeper.
    const changes = words && Atomics.load(words, CHANGES);
    const state = words ? Atomics.load(words, STATE) : COMPLETE;
    if (state === BROKEN) throw new Internal('the layer was not received whole');
    // A new buffer each time: decoders and readers keep hold of what they were given.
    const buffer = Buffer.allocUnsafeSlow(READ_SIZE);
    const length = readSync(fd, buffer, 0, READ_SIZE, null);
    if (length > 0) {
      if (counts) Atomics.add(counts, CONSUMED, BigInt(length));
      yield buffer.subarray(0, length);
    } else if (state === COMPLETE) {
      return;
    } else {
      Atomics.wait(words!, CHANGES, changes!);
    }
  }
}
