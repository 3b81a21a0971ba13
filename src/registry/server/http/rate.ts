import { RegistryError } from '../errors.ts';

const MAX_ADDRESSES = 10_000;

/** So many seconds' worth of requests may come at once. */
const BURST = 10;

interface Bucket {
  tokens: number;
  at: number;
}

/** Lets each address make so many requests a second, and more for a moment. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #buckets = new Map<string, Bucket>();

  /** 0 is any number. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Counts one request. Throws TOOMANYREQUESTS. */
  take(address: string): void {
    if (this.#perSecond === 0) return;
    const now = Date.now();
    const full = this.#perSecond * BURST;
    const { tokens, at } = this.#buckets.get(address) ?? { tokens: full, at: now };
    const left = Math.min(full, tokens + ((now - at) / 1000) * this.#perSecond) - 1;
    // The map is in order of use, so that the first ones are those who have not been here for longest.
    this.#buckets.delete(address);
    if (this.#buckets.size >= MAX_ADDRESSES) this.#buckets.delete(this.#buckets.keys().next().value!);
    this.#buckets.set(address, { tokens: Math.max(left, 0), at: now });
    if (left >= 0) return;
    throw new RegistryError(
      'TOOMANYREQUESTS',
      `more than ${this.#perSecond} requests a second: wait a moment`,
      {
        headers: { 'Retry-After': '1' },
      },
    );
  }
}
