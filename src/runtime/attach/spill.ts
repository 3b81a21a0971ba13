import { closeSync, constants, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';

/** Only the owner may open it, were it to have a name. */
const MODE = 0o600;
/** open(2): a file without a name, which goes with its descriptor. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/**
 * What a slow client has still to get, kept in a file without a name: so a container whose client does not read goes on,
 * and the client loses nothing. The file is made when it is first needed and emptied when all has been taken.
 */
export class Spill {
  readonly #folder: string;
  #fd = -1;
  #written = 0;
  #taken = 0;

  /** `folder` must be on a file system that has O_TMPFILE, as ext4, xfs, btrfs and tmpfs do. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Bytes that have not been taken yet. */
  get size(): number {
    return this.#written - this.#taken;
  }

  /** Adds bytes at the end. Throws the error of writing: a full disk. */
  append(bytes: Buffer): void {
    if (this.#fd < 0) this.#fd = openSync(this.#folder, constants.O_RDWR | O_TMPFILE, MODE);
    for (let at = 0; at < bytes.length; ) {
      const count = writeSync(this.#fd, bytes, at, bytes.length - at, this.#written);
      at += count;
      this.#written += count;
    }
  }

  /** Takes the next bytes, as many as fit, into `target`; gives how many. */
  take(target: Buffer): number {
    if (this.size === 0) return 0;
    const count = readSync(this.#fd, target, 0, Math.min(target.length, this.size), this.#taken);
    this.#taken += count;
    if (this.size === 0) {
      ftruncateSync(this.#fd);
      this.#written = 0;
      this.#taken = 0;
    }
    return count;
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}
