import { type EventMessage, Unavailable } from '../../api/index.ts';

/** Events that may wait for a reader that does not keep up; at one more it is cut off, lest it fill the engine's memory. */
const MOST_WAITING = 16_384;

/** One reader of the bus: a queue that ends when it is closed and what it held has been read. */
export class Subscription implements AsyncIterableIterator<EventMessage> {
  readonly #accepts: (event: EventMessage) => boolean;
  readonly #onClose: (subscription: Subscription) => void;
  #queue: EventMessage[] = [];
  #wake: (() => void) | undefined;
  #closed = false;
  #overrun = false;

  constructor(
    accepts: (event: EventMessage) => boolean,
    past: readonly EventMessage[],
    onClose: (subscription: Subscription) => void,
  ) {
    this.#accepts = accepts;
    this.#onClose = onClose;
    this.#queue.push(...past.filter(accepts));
  }

  offer(event: EventMessage): void {
    if (this.#closed || !this.#accepts(event)) return;
    if (this.#queue.length >= MOST_WAITING) {
      this.#overrun = true;
      this.close();
      return;
    }
    this.#queue.push(event);
    this.#wake?.();
  }

  /** No further events; those that wait can still be read. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose(this);
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<EventMessage>> {
    while (this.#queue.length === 0) {
      if (this.#overrun) throw new Unavailable('the reader of events did not keep up');
      if (this.#closed) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    return { done: false, value: this.#queue.shift()! };
  }

  async return(): Promise<IteratorResult<EventMessage>> {
    this.#queue = [];
    this.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
