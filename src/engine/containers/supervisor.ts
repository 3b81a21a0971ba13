import { messageOf, NotModified } from '../../api/index.ts';
import { deleteContainer, type Exit } from '../../runtime/index.ts';
import type { Container } from './container.ts';
import { releaseRun, takeExit } from './exit.ts';
import type { ContainerParts } from './parts.ts';
import { isRunning } from './record.ts';
import { discard } from './remove.ts';
import { Restarts, wantsRestart } from './restart-policy.ts';
import { start } from './start.ts';
import { type StopOptions, stop } from './stop.ts';

const KILLED_EXIT = 137;
/** conmon renames the exit file into place just before it ends; the kernel may tell of the two in either order. */
const EXIT_GRACE_MS = 500;

/** Sees to it that the end of a container's process has its consequences: the record, the tidying up, what comes next. */
export class Supervisor {
  readonly restarts: Restarts;
  readonly #parts: ContainerParts;
  readonly #releases = new Set<Promise<void>>();
  /** Exits that are seen before `takeUp`: until it is known which containers run, nothing may follow from them. */
  #early: Array<readonly [Container, Exit]> | undefined = [];

  constructor(parts: ContainerParts) {
    this.#parts = parts;
    this.restarts = new Restarts(parts, (container) =>
      container.lock.run(() => start(parts, container, { by: 'policy' })),
    );
  }

  /**
   * Starts a container for a user, from the checkpoint in the folder `restore` if there is one; a container that was made to go
   * after its end goes when it cannot be started.
   */
  async start(container: Container, restore?: string): Promise<void> {
    if (container.state.status === 'restarting') {
      throw new NotModified(`container ${container.name} is already running`);
    }
    this.restarts.reset(container);
    try {
      await container.lock.run(() => start(this.#parts, container, { restore }));
    } catch (error) {
      if (!(error instanceof NotModified)) this.#removeIfAsked(container);
      throw error;
    }
  }

  /** Stops a container if it runs, and starts it. One that is made to go after its end stays. */
  async restart(container: Container, options: StopOptions): Promise<void> {
    this.restarts.cancel(container);
    container.restarts++;
    try {
      if (isRunning(container.state)) await stop(this.#parts, container, options).catch(unlessNotModified);
      await container.lock.run(() => start(this.#parts, container).catch(unlessNotModified));
      this.#parts.publish(container, 'restart');
    } finally {
      container.restarts--;
      this.#removeIfAsked(container);
    }
  }

  /** Takes the containers up that an engine finds at its start, once it is known which of them run. */
  takeUp(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const [container, exit] of early) this.exited(container, exit);
    for (const container of this.#parts.store.all()) {
      this.#removeIfAsked(container);
      if (wantsRestart(container, true)) {
        this.#parts.store.setState(container, { status: 'restarting' });
        this.restarts.plan(container);
      } else {
        this.restarts.cancel(container);
      }
    }
  }

  /** The exit of a container has been found; it may be told twice. */
  exited(container: Container, exit: Exit): void {
    if (this.#early !== undefined) {
      this.#early.push([container, exit]);
      return;
    }
    this.#logged(container, 'cannot take note of an exit', async () => {
      if (!takeExit(this.#parts, container, exit)) return;
      const released = releaseRun(this.#parts, container);
      this.#releases.add(released);
      // A container that goes with its process is gone for its client while the runtime still tidies up.
      if (removesItself(container)) await discard(this.#parts, container, true);
      await released;
      this.#releases.delete(released);
      if (container.state.status === 'restarting') this.restarts.plan(container);
    });
  }

  /** A container whose conmon was killed has nobody to leave its exit code: it is ended. */
  async conmonEnded(container: Container): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, EXIT_GRACE_MS).unref());
    const { id } = container;
    if (!isRunning(container.state) || container.bundle.conmonAlive()) return;
    const exit = this.#parts.exits.read(id);
    if (exit === undefined) {
      this.#parts.log.error('conmon was killed: its container is ended', { container: id });
      await deleteContainer(this.#parts.runtimeOf(container), id);
    }
    this.exited(container, exit ?? { id, code: KILLED_EXIT, at: new Date() });
  }

  /** Plans nothing any more, and lets what is being tidied up come to its end. */
  async close(): Promise<void> {
    this.restarts.close();
    await Promise.allSettled(this.#releases);
  }

  #removeIfAsked(container: Container): void {
    if (!removesItself(container)) return;
    this.#logged(container, 'cannot remove a container after its end', () =>
      discard(this.#parts, container, true),
    );
  }

  /** Runs `body` under the container's lock; nobody waits for it, so what goes wrong is logged. */
  #logged(container: Container, what: string, body: () => Promise<void>): void {
    container.lock.run(body).catch((error: unknown) => {
      this.#parts.log.error(what, { container: container.id, error: messageOf(error) });
    });
  }
}

/** Whether a container is to go now: it was made to be removed after its end, and has ended or could not be started. */
function removesItself({ record, state, removing, restarts }: Container): boolean {
  const ended = state.status === 'exited' || state.error !== '';
  return record.hostConfig.AutoRemove && ended && !isRunning(state) && !removing && restarts === 0;
}

/** It has ended, or been started, by itself in the meantime. */
function unlessNotModified(error: unknown): void {
  if (!(error instanceof NotModified)) throw error;
}
