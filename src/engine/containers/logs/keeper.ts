import { messageOf } from '../../../api/index.ts';
import { LogRotation, tellConmon } from '../../../runtime/index.ts';
import type { Container } from '../container.ts';
import type { ContainerParts } from '../parts.ts';
import { isRunning } from '../record.ts';
import { limitsOf } from './drivers.ts';

/** Keeps the logs of running containers within the limits that their drivers were given. */
export class LogKeeper {
  readonly #parts: ContainerParts;
  readonly #rotations = new Map<string, LogRotation>();
  readonly #ending = new Map<string, Promise<void>>();

  constructor(parts: ContainerParts) {
    this.#parts = parts;
    parts.watch((container, action) => {
      if (action === 'start') this.#keep(container);
      else if (action === 'die') this.#let(container);
    });
  }

  /** Takes up the logs of the containers that run when the engine starts. */
  resume(): void {
    for (const container of this.#parts.store.all()) if (isRunning(container.state)) this.#keep(container);
  }

  /** Rotates nothing any more. */
  async close(): Promise<void> {
    const rotations = [...this.#rotations.values()];
    this.#rotations.clear();
    await Promise.all([...rotations.map((rotation) => rotation.close()), ...this.#ending.values()]);
  }

  #keep(container: Container): void {
    const { record, files, bundle, id, state } = container;
    const { startedAt } = state;
    const before = this.#ending.get(id);
    if (before !== undefined) {
      // Two would compress the same file.
      void before.then(() => {
        if (isRunning(container.state) && container.state.startedAt === startedAt) this.#keep(container);
      });
      return;
    }
    const limits = limitsOf(record.hostConfig.LogConfig);
    if (limits === undefined || this.#rotations.has(id)) return;
    const rotation = new LogRotation({
      ...limits,
      path: files.log,
      reopen: (needed) => tellConmon(bundle, '2 0 0', needed),
      failed: (error) =>
        this.#parts.log.warn('cannot rotate the log of a container', {
          container: id,
          error: messageOf(error),
        }),
    });
    this.#rotations.set(id, rotation);
  }

  #let({ id }: Container): void {
    const rotation = this.#rotations.get(id);
    if (rotation === undefined) return;
    this.#rotations.delete(id);
    const ended = rotation.close().then(() => void this.#ending.delete(id));
    this.#ending.set(id, ended);
  }
}
