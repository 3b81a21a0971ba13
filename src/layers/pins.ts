/**
 * Counts who is at work with a thing that no record names yet. What is pinned must not be removed as unused:
 * an image that is being loaded needs its layers before its record exists.
 */
export class Pins<Key> {
  readonly #counts = new Map<Key, number>();

  /** Keeps `key` until the result is disposed. */
  pin(key: Key): Disposable {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        const left = this.#counts.get(key)! - 1;
        if (left === 0) this.#counts.delete(key);
        else this.#counts.set(key, left);
      },
    };
  }

  has(key: Key): boolean {
    return this.#counts.has(key);
  }
}
