import { Conflict, messageOf } from '../../../api/index.ts';
import type { RegistryConfig } from '../config/schema.ts';
import type { Content } from '../content/index.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { type Collection, type CollectOptions, collect } from './collect.ts';

/** A collection that is over. */
export interface PastCollection extends Collection {
  readonly at: Date;
  readonly seconds: number;
}

/** Collects garbage now and then, and when it is told to; one collection at a time. */
export class Collector implements Disposable {
  readonly #content: Content;
  readonly #config: RegistryConfig['gc'];
  readonly #log: Log;
  readonly #metrics: Metrics | undefined;
  readonly #startedAt = Date.now();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<PastCollection> | undefined;
  #last: PastCollection | undefined;

  constructor(content: Content, config: RegistryConfig['gc'], log: Log, metrics?: Metrics) {
    this.#content = content;
    this.#config = config;
    this.#log = log;
    this.#metrics = metrics;
  }

  get last(): PastCollection | undefined {
    return this.#last;
  }

  /** Collects every `interval` from now on. */
  schedule(): void {
    const { interval, grace } = this.#config;
    if (interval === 0) return;
    const run = () => {
      this.run({}).catch((error: unknown) =>
        this.#log('error', `garbage collection failed: ${messageOf(error)}`),
      );
    };
    // What clients were told before the last restart is not known: see `run`.
    this.#timer = setInterval(run, Math.min(Math.max(interval, grace), 0x7fff_ffff)).unref();
  }

  /**
   * Collects now. Throws Conflict when a collection is under way, or when the registry has not run for the grace period: what
   * it told clients before it was started may still be in their plans. `alone`: nobody has served these clients lately.
   */
  async run(given: Partial<CollectOptions>, { alone = false } = {}): Promise<PastCollection> {
    if (this.#running) throw new Conflict('a garbage collection is under way: wait for its end');
    const options = { ...this.#config, ...given };
    if (!alone && Date.now() - this.#startedAt < options.grace) {
      const seconds = Math.ceil(options.grace / 1000);
      throw new Conflict(
        `the registry has run for less than the grace period of ${seconds} s, and does not know what clients were told before: try later, or give a shorter --grace`,
      );
    }
    this.#running = this.#collect(options);
    try {
      this.#last = await this.#running;
      return this.#last;
    } finally {
      this.#running = undefined;
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #collect(options: CollectOptions): Promise<PastCollection> {
    const at = new Date();
    const collection = await collect(this.#content, options);
    this.#metrics?.collected.inc(collection.bytes);
    this.#log('info', 'garbage collected', { ...collection });
    return { at, seconds: (Date.now() - at.getTime()) / 1000, ...collection };
  }
}
