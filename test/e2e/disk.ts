import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mount, umountIfMounted } from '../../src/linux/index.ts';

/** A small file system of the test's own, in memory, that can be filled up. */
export class Disk implements Disposable {
  readonly folder: string;

  constructor(folder: string, mebibytes: number) {
    mkdirSync(folder, { recursive: true });
    mount('none', folder, 'tmpfs', 0, `size=${mebibytes}m`);
    this.folder = folder;
  }

  /** Bytes that can still be written. */
  get left(): number {
    const { bfree, bsize } = statfsSync(this.folder);
    return bfree * bsize;
  }

  /** Takes all space but `left` bytes, in whole pages. */
  fill(left: number): void {
    const size = this.left - left;
    if (size > 0) writeFileSync(this.#filler, Buffer.alloc(size), { flag: 'a' });
  }

  /** Gives the space back. */
  free(): void {
    rmSync(this.#filler, { force: true });
  }

  get #filler(): string {
    return join(this.folder, 'filler');
  }

  [Symbol.dispose](): void {
    umountIfMounted(this.folder);
  }
}
