import { messageOf } from '../../../api/index.ts';
import type { Container } from '../container.ts';
import type { ContainerParts } from '../parts.ts';
import { isRunning } from '../record.ts';
import { limitsOf, mayLoseLines, shipmentOf } from './drivers.ts';
import { KeptLog } from './kept-log.ts';

/**
 * Does what log drivers ask for beside conmon's writing: logs of running containers are kept within their limits, and those
 * that go elsewhere are sent there, until all is sent.
 */
export class LogKeeper {
  readonly #parts: ContainerParts;
  readonly #kept = new Map<string, KeptLog>();
  #closed = false;

  constructor(parts: ContainerParts) {
    this.#parts = parts;
    parts.watch((container, action) => {
      if (action === 'start') this.#keep(container);
      else if (action === 'die') this.#kept.get(container.id)?.stopped();
    });
  }

  /** Takes up the logs that the engine finds at its start: of containers that run, and what is still to be sent of others. */
  resume(): void {
    for (const container of this.#parts.store.all()) this.#keep(container);
  }

  /** Gives a container's log a moment to be sent to its end, and then forgets it: its files may be removed. */
  async finish({ id }: Container): Promise<void> {
    const kept = this.#kept.get(id);
    this.#kept.delete(id);
    await kept?.finish();
  }

  /** Rotates and sends nothing any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#kept.values()].map((kept) => kept.close()));
  }

  #keep(container: Container): void {
    const { record, id } = container;
    const known = this.#kept.get(id);
    if (known !== undefined) {
      known.started();
      return;
    }
    const config = record.hostConfig.LogConfig;
    const limits = limitsOf(config);
    const shipment = this.#shipmentOf(container);
    if (this.#closed || !(shipment || (limits && isRunning(container.state)))) return;
    const kept = new KeptLog(container, {
      limits,
      shipment,
      mayLoseLines: mayLoseLines(config),
      warn: (what, error) => this.#warn(container, what, error),
    });
    this.#kept.set(id, kept);
    void kept.done.then(() => {
      if (this.#kept.get(id) !== kept) return;
      this.#kept.delete(id);
      // It may have been started again in the very moment in which all was done.
      if (isRunning(container.state)) this.#keep(container);
    });
  }

  #shipmentOf(container: Container) {
    try {
      return shipmentOf(container.record);
    } catch (error) {
      // A certificate that has gone since the container was made.
      this.#warn(container, 'the log of a container cannot be sent', error);
      return undefined;
    }
  }

  #warn(container: Container, what: string, error: unknown): void {
    this.#parts.log.warn(what, { container: container.id, error: messageOf(error) });
  }
}
