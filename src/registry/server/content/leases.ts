import type { ContentDigest } from './digest.ts';

/** How many leases are held before those that have run out are looked for. */
const CROWDED = 10_000;

/**
 * Which blobs clients have been told of lately. A client that has seen that a blob is there will not push it again, and
 * names it in a manifest a while later; until then nothing else says that it is needed. The collector leaves alone what has
 * a lease younger than its grace period.
 */
export class Leases {
  readonly #touched = new Map<ContentDigest, number>();
  readonly #dying = new Map<ContentDigest, Promise<void>>();
  #sweepAt = CROWDED;
  /** Milliseconds that the longest lease lasts. */
  readonly grace: number;

  constructor(grace: number) {
    this.grace = grace;
  }

  /** Call before looking whether a blob is there: it cannot vanish between that look and the end of the lease. */
  async take(digest: ContentDigest): Promise<void> {
    this.#touched.delete(digest);
    this.#touched.set(digest, Date.now());
    if (this.#touched.size > this.#sweepAt) this.#forgetOld();
    await this.#dying.get(digest);
  }

  isHeld(digest: ContentDigest, grace = this.grace): boolean {
    const touched = this.#touched.get(digest);
    return touched !== undefined && Date.now() - touched < grace;
  }

  /** Runs `remove`, unless somebody holds a lease; who takes one meanwhile waits for the end. True when it ran. */
  async kill(digest: ContentDigest, grace: number, remove: () => Promise<void>): Promise<boolean> {
    if (this.isHeld(digest, grace) || this.#dying.has(digest)) return false;
    const dying = remove();
    this.#dying.set(
      digest,
      dying.catch(() => {}),
    );
    try {
      await dying;
    } finally {
      this.#dying.delete(digest);
    }
    return true;
  }

  /** The map is in order of age. */
  #forgetOld(): void {
    const limit = Date.now() - this.grace;
    for (const [digest, touched] of this.#touched) {
      if (touched > limit) break;
      this.#touched.delete(digest);
    }
    this.#sweepAt = Math.max(CROWDED, this.#touched.size * 2);
  }
}
