import { InvalidArgument, messageOf } from '../../api/index.ts';
import type { Container } from './container.ts';
import type { ContainerParts } from './parts.ts';
import { type ContainerRecord, type ContainerState, isRunning, ZERO_START } from './record.ts';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 60_000;
/** A run of this length counts as a success: the next delay is the first one again. */
const STEADY_MS = 10_000;

type Policy = ContainerRecord['hostConfig']['RestartPolicy'];

/** Throws InvalidArgument for a policy that there is not, or that contradicts the rest. */
export function validateRestartPolicy(policy: Policy, autoRemove: boolean): void {
  const { Name, MaximumRetryCount } = policy;
  if (!['', 'no', 'always', 'on-failure', 'unless-stopped'].includes(Name)) {
    throw new InvalidArgument(
      `invalid restart policy: unknown policy '${Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  if (MaximumRetryCount < 0) {
    throw new InvalidArgument('invalid restart policy: maximum retry count cannot be negative');
  }
  if (MaximumRetryCount > 0 && Name !== 'on-failure') {
    throw new InvalidArgument(
      "invalid restart policy: maximum retry count can only be used with 'on-failure'",
    );
  }
  if (autoRemove && Name !== '' && Name !== 'no') {
    throw new InvalidArgument("can't create 'AutoRemove' container with restart policy");
  }
}

/**
 * Whether the policy wants a container that has ended to run again. `atBoot`, when an engine has found it so: then `always`
 * also means one that a user had stopped.
 */
export function wantsRestart({ record, state }: Container, atBoot = false): boolean {
  const { Name, MaximumRetryCount } = record.hostConfig.RestartPolicy;
  if (state.startedAt === ZERO_START || isRunning(state)) return false;
  switch (Name) {
    case 'always':
      return atBoot || !state.restartsCancelled;
    case 'unless-stopped':
      return !state.stoppedByUser;
    case 'on-failure':
      return (
        !state.restartsCancelled &&
        state.exitCode !== 0 &&
        (MaximumRetryCount === 0 || state.restartCount < MaximumRetryCount)
      );
    default:
      return false;
  }
}

/** Starts containers again that have ended, each after a delay that doubles from run to run. */
export class Restarts {
  readonly #parts: ContainerParts;
  readonly #start: (container: Container) => Promise<void>;
  readonly #timers = new Map<Container, NodeJS.Timeout>();
  readonly #delays = new WeakMap<Container, number>();

  constructor(parts: ContainerParts, start: (container: Container) => Promise<void>) {
    this.#parts = parts;
    this.#start = start;
  }

  /** Plans the next run of a container that is `restarting`. */
  plan(container: Container): void {
    const { startedAt, finishedAt } = container.state;
    const steady = Date.parse(finishedAt) - Date.parse(startedAt) >= STEADY_MS;
    const last = steady ? 0 : (this.#delays.get(container) ?? 0);
    const delay = last === 0 ? FIRST_DELAY_MS : Math.min(LONGEST_DELAY_MS, last * 2);
    this.#delays.set(container, delay);
    this.#timers.set(
      container,
      setTimeout(() => void this.#again(container), delay),
    );
  }

  /** Gives up a planned run: the container counts as exited. Gives whether there was one. */
  cancel(container: Container): boolean {
    const timer = this.#timers.get(container);
    clearTimeout(timer);
    this.#timers.delete(container);
    if (container.state.status !== 'restarting') return false;
    this.#parts.store.setState(container, { status: 'exited' });
    container.tellExit();
    return true;
  }

  /** Forgets the delays of earlier runs: a user has started the container. */
  reset(container: Container): void {
    this.#delays.delete(container);
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  async #again(container: Container): Promise<void> {
    this.#timers.delete(container);
    if (container.state.status !== 'restarting') return;
    try {
      await this.#start(container);
    } catch (error) {
      if (container.state.status !== 'restarting') return;
      this.#parts.log.error('cannot start a container again', {
        container: container.id,
        error: messageOf(error),
      });
      this.#parts.store.setState(container, restartFailed(error));
      container.tellExit();
    }
  }
}

function restartFailed(error: unknown): Partial<ContainerState> {
  return { status: 'exited', error: messageOf(error) };
}
