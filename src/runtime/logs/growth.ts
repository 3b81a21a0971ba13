import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Tells when a log may have grown, whichever of its files is written, and when it will grow no more. */
export class Growth implements Disposable {
  stopped = false;
  readonly #watcher;
  readonly #done = new AbortController();
  #changed = false;
  #wake: (() => void) | undefined;

  constructor(path: string, stopped: Promise<unknown>, signal: AbortSignal) {
    const wake = () => this.wake();
    const name = basename(path);
    // The folder and not the file: rotation puts another one in its place.
    this.#watcher = watch(dirname(path), { persistent: false }, (_event, changed) => {
      if (changed === null || changed.startsWith(name)) this.wake();
    });
    this.#watcher.on('error', wake);
    signal.addEventListener('abort', wake, { signal: this.#done.signal });
    void stopped.finally(() => {
      this.stopped = true;
      this.wake();
    });
  }

  /** Resolves when there may be more to read, or none will come. */
  more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.#changed || this.stopped) this.wake();
    });
  }

  /** Has whoever waits look again. */
  wake(): void {
    this.#changed = this.#wake === undefined;
    this.#wake?.();
    this.#wake = undefined;
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
    this.#done.abort();
  }
}
