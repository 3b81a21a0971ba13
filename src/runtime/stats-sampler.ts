import type { Sample } from './stats.ts';

const PERIOD_MS = 1000;
/** A container whose last sample is younger is left out of a round: rates over a few milliseconds say nothing. */
const TOO_SOON_MS = PERIOD_MS / 2;

/** A sample and the one before it, as far as there are such. */
export interface SamplePair {
  /** Undefined while the container has no processes. */
  readonly sample: Sample | undefined;
  readonly before: Sample | undefined;
}

interface Watched {
  listeners: number;
  pair: SamplePair;
  /** When the last sample was taken or tried, milliseconds of the monotonic clock. */
  at: number;
  next: PromiseWithResolvers<SamplePair | undefined>;
}

/**
 * Samples containers once a second: one round for all of them, however many listen, and none while nobody does. `Key` is
 * what `take` reads a sample of.
 */
export class StatsSampler<Key> {
  readonly #take: (key: Key) => Sample | undefined;
  readonly #watched = new Map<Key, Watched>();
  #timer: NodeJS.Timeout | undefined;

  constructor(take: (key: Key) => Sample | undefined) {
    this.#take = take;
  }

  /**
   * The last pair at once, then one each second, until the signal is aborted or the sampler closes. A listener that is slow
   * misses some.
   */
  async *follow(key: Key, signal: AbortSignal): AsyncGenerator<SamplePair> {
    const stopped = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    const watched = this.#join(key);
    try {
      let pair: SamplePair | undefined = watched.pair;
      while (pair !== undefined && !signal.aborted) {
        const next = watched.next.promise;
        yield pair;
        pair = await Promise.race([next, stopped]);
      }
    } finally {
      this.#leave(key, watched);
    }
  }

  /** Ends every `follow`. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const { next } of this.#watched.values()) next.resolve(undefined);
  }

  #join(key: Key): Watched {
    let watched = this.#watched.get(key);
    if (watched === undefined) {
      const pair = { sample: this.#take(key), before: undefined };
      watched = { listeners: 0, pair, at: performance.now(), next: Promise.withResolvers() };
      this.#watched.set(key, watched);
    }
    watched.listeners++;
    this.#timer ??= setInterval(() => void this.#round(), PERIOD_MS);
    return watched;
  }

  #leave(key: Key, watched: Watched): void {
    if (--watched.listeners > 0) return;
    this.#watched.delete(key);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #round(): Promise<void> {
    for (const [key, watched] of [...this.#watched]) {
      if (performance.now() - watched.at < TOO_SOON_MS || watched.listeners === 0) continue;
      watched.at = performance.now();
      watched.pair = { sample: this.#take(key), before: watched.pair.sample };
      const told = watched.next;
      watched.next = Promise.withResolvers();
      told.resolve(watched.pair);
      // Between two containers other requests have their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
