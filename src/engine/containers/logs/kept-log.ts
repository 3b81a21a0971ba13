import { setTimeout as sleep } from 'node:timers/promises';
import { type LogLimits, LogRotation, LogShipper, tellConmon } from '../../../runtime/index.ts';
import type { Container } from '../container.ts';
import { isRunning } from '../record.ts';
import type { Shipment } from './shipment.ts';

/** What is to be done with a container's log. */
export interface KeptLogOptions {
  readonly limits: LogLimits | undefined;
  readonly shipment: Shipment | undefined;
  /** Whether lines may be deleted that have not been sent. */
  readonly mayLoseLines: boolean;
  warn(what: string, error: unknown): void;
}

/** How long a removal waits for the log to be sent, in ms. */
const FAREWELL_MS = 3000;

/** The log of one container under care: through its runs, until there is nothing to do any more. */
export class KeptLog {
  /** Resolves when the container has stopped and its log has been sent. */
  readonly done: Promise<void>;
  readonly #container: Container;
  readonly #options: KeptLogOptions;
  readonly #shipper: LogShipper | undefined;
  #rotation: LogRotation | undefined;
  /** The end of the rotation before: two would compress the same file. */
  #rotated: Promise<void> = Promise.resolve();

  constructor(container: Container, options: KeptLogOptions) {
    this.#container = container;
    this.#options = options;
    const { shipment } = options;
    this.#shipper =
      shipment &&
      new LogShipper({
        ...shipment,
        path: container.files.log,
        ended: () => !isRunning(container.state),
        fileDone: () => this.#rotation?.prune(),
        failed: (error) => options.warn('the log of a container waits to be sent', error),
      });
    this.done = this.#runToEnd();
    this.started();
  }

  /** The container runs. */
  started(): void {
    void this.#rotated.then(() => {
      if (this.#rotation === undefined && isRunning(this.#container.state)) this.#rotation = this.#rotate();
    });
  }

  /** The container has ended. */
  stopped(): void {
    this.#rotated = this.#rotated.then(async () => {
      await this.#rotation?.close();
      this.#rotation = undefined;
    });
    this.#shipper?.wake();
  }

  /** Waits a moment for the log to be sent, if it can be, and lets go of it. */
  async finish(): Promise<void> {
    if (this.#shipper?.failing === false) {
      await Promise.race([this.#shipper.done, sleep(FAREWELL_MS, undefined, { ref: false })]);
    }
    await this.close();
  }

  async close(): Promise<void> {
    await this.#shipper?.close();
    await this.#rotated;
    await this.#rotation?.close();
  }

  async #runToEnd(): Promise<void> {
    if (this.#shipper) return await this.#shipper.done;
    while (isRunning(this.#container.state)) await this.#container.nextExit;
    await this.#rotated;
  }

  #rotate(): LogRotation | undefined {
    const { limits, warn, mayLoseLines } = this.#options;
    const { files, bundle } = this.#container;
    const shipper = this.#shipper;
    return (
      limits &&
      new LogRotation({
        ...limits,
        path: files.log,
        reopen: (needed) => tellConmon(bundle, '2 0 0', needed),
        mayDelete: (number) => shipper === undefined || mayLoseLines || number < shipper.number,
        failed: (error) => warn('cannot rotate the log of a container', error),
      })
    );
  }
}
