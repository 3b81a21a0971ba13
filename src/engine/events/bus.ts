import { type EventMessage, type EventType, Filters, nowNanos } from '../../api/index.ts';
import { passes } from './filter.ts';
import { Subscription } from './subscription.ts';

/** How many past events the bus remembers for readers that ask for them. */
const REMEMBERED = 256;

/** The longest time that a timer of Node can wait, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

export interface SubscribeOptions {
  /** Remembered events from this time on come first; nanoseconds since 1970. */
  readonly since?: bigint | undefined;
  /** The stream ends at this time, which may have passed already; nanoseconds since 1970. */
  readonly until?: bigint | undefined;
  readonly filters?: Filters | undefined;
  /** Aborting ends the stream. */
  readonly signal?: AbortSignal | undefined;
}

/** What happens in the engine, for whoever wants to know. */
export class EventBus {
  readonly #past: EventMessage[] = [];
  readonly #subscriptions = new Set<Subscription>();

  /**
   * Tells every reader that `action` happened to the object `id`. `attributes` are the event's own, by Docker's names; a
   * container's are its labels, `image` and `name`. Hand over the object: it must not change afterwards.
   */
  publish(
    type: EventType,
    action: string,
    id: string,
    attributes: Readonly<Record<string, string>> = {},
  ): void {
    const timeNano = nowNanos();
    const time = Number(timeNano / 1_000_000_000n);
    const actor = { ID: id, Attributes: attributes };
    const event: EventMessage = { Type: type, Action: action, Actor: actor, scope: 'local', time, timeNano };
    this.#past.push(event);
    if (this.#past.length > REMEMBERED) this.#past.shift();
    for (const subscription of this.#subscriptions) subscription.offer(event);
  }

  /**
   * Events from now on, in order; nothing that happens after this call is missed, however late the reading begins. With
   * `since` or `until`, the remembered events between them come first. A reader that falls far behind is cut off with an
   * error. Ends at `until`, when the signal aborts, and when the bus closes.
   */
  subscribe(options: SubscribeOptions = {}): Subscription {
    const { since, until, filters = new Filters(), signal } = options;
    const accepts = (event: EventMessage) =>
      (until === undefined || event.timeNano <= until) && passes(event, filters);
    const wantsPast = since !== undefined || until !== undefined;
    const past = wantsPast
      ? this.#past.filter((event) => since === undefined || event.timeNano >= since)
      : [];

    let timer: NodeJS.Timeout | undefined;
    const stop = () => subscription.close();
    const subscription = new Subscription(accepts, past, () => {
      this.#subscriptions.delete(subscription);
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    });
    this.#subscriptions.add(subscription);
    signal?.addEventListener('abort', stop);

    if (signal?.aborted) stop();
    if (until !== undefined) {
      const left = Number((until - nowNanos()) / 1_000_000n);
      if (left <= 0) stop();
      else if (left < LONGEST_TIMER) timer = setTimeout(stop, left + 1).unref();
    }
    return subscription;
  }

  /** How many readers there are. */
  get readers(): number {
    return this.#subscriptions.size;
  }

  /** Ends every reader's stream after what it has not read yet. */
  close(): void {
    for (const subscription of this.#subscriptions) subscription.close();
  }
}
