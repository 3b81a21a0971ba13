/** Lets so many do something at the same time; the others wait in turn. The number may change meanwhile. */
export class Slots {
  readonly #limit: () => number;
  readonly #queue: (() => void)[] = [];
  #taken = 0;

  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /** Takes a slot until the result is disposed. `onWait` is called when there is none free. Throws the signal's reason. */
  async take(signal?: AbortSignal, onWait: () => void = () => {}): Promise<Disposable> {
    signal?.throwIfAborted();
    if (this.#taken >= this.#most) {
      onWait();
      // Whoever lets go hands the slot over, so that nobody slips in between.
      await this.#wait(signal);
    } else {
      this.#taken++;
    }
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        const next = this.#taken <= this.#most ? this.#queue.shift() : undefined;
        if (next === undefined) this.#taken--;
        else next();
      },
    };
  }

  get #most(): number {
    return Math.max(1, this.#limit());
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = () => {
        signal?.removeEventListener('abort', give);
        resolve();
      };
      const give = () => {
        this.#queue.splice(this.#queue.indexOf(go), 1);
        reject(signal!.reason);
      };
      signal?.addEventListener('abort', give, { once: true });
      this.#queue.push(go);
    });
  }
}
