import { setTimeout as sleep } from 'node:timers/promises';
import { killAbandonedExecs } from '../../runtime/index.ts';
import type { Container } from './container.ts';
import { type Execs, OWN_PREFIX } from './execs.ts';
import { type HealthProbe, healthProbe } from './health-config.ts';
import { runProbe } from './health-probe.ts';
import type { ContainerParts } from './parts.ts';
import type { HealthResult, HealthState } from './record.ts';

const LOG_ENTRIES = 5;
/** Node's timers hold no more: see `setTimeout`. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** Probes the health of running containers, from their start to their end, with a rest while they are paused. */
export class Health {
  readonly #parts: ContainerParts;
  readonly #execs: Execs;
  readonly #becameUnhealthy: (container: Container) => void;
  readonly #monitors = new Map<Container, { readonly stop: AbortController; readonly done: Promise<void> }>();

  constructor(parts: ContainerParts, execs: Execs, becameUnhealthy: (container: Container) => void) {
    this.#parts = parts;
    this.#execs = execs;
    this.#becameUnhealthy = becameUnhealthy;
    parts.watch((container, action) => this.#notice(container, action));
  }

  /** Takes the containers up that an engine finds running at its start. */
  resume(): void {
    for (const container of this.#parts.store.all()) {
      if (container.state.status !== 'running') continue;
      const probe = healthProbe(container.record.config);
      if (probe === undefined) continue;
      killAbandonedExecs(container.bundle, container.id, OWN_PREFIX);
      if (container.state.health === undefined) this.#reset(container);
      const { health, startedAt } = container.state;
      const last = Date.parse(health?.log.at(-1)?.End ?? startedAt);
      this.#begin(container, probe, Math.max(0, delayOf(container, probe) - (Date.now() - last)));
    }
  }

  /** Resolves when no probe runs any more. */
  async close(): Promise<void> {
    const all = [...this.#monitors];
    for (const [container] of all) this.#end(container);
    await Promise.all(all.map(([, { done }]) => done));
  }

  #notice(container: Container, action: string): void {
    if (action === 'start' || action === 'unpause') {
      const probe = healthProbe(container.record.config);
      if (probe === undefined) return;
      if (action === 'start') this.#reset(container);
      this.#begin(container, probe, delayOf(container, probe));
    } else if (action === 'pause') {
      this.#end(container);
    } else if (action === 'die') {
      this.#end(container);
      const { health } = container.state;
      // As dockerd has it: nothing that does not run is healthy.
      if (health) this.#parts.store.setState(container, { health: { ...health, status: 'unhealthy' } });
    }
  }

  /** The beginning of a run; what earlier runs have logged stays. */
  #reset(container: Container): void {
    const log = container.state.health?.log ?? [];
    this.#parts.store.setState(container, { health: { status: 'starting', failingStreak: 0, log } });
  }

  #begin(container: Container, probe: HealthProbe, delay: number): void {
    this.#end(container);
    const stop = new AbortController();
    this.#monitors.set(container, { stop, done: this.#monitor(container, probe, delay, stop.signal) });
  }

  #end(container: Container): void {
    this.#monitors.get(container)?.stop.abort();
    this.#monitors.delete(container);
  }

  async #monitor(
    container: Container,
    probe: HealthProbe,
    first: number,
    signal: AbortSignal,
  ): Promise<void> {
    for (let delay = first; ; delay = delayOf(container, probe)) {
      await sleep(Math.min(delay, LONGEST_DELAY), undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      const result = await runProbe(this.#execs, container, probe, signal);
      if (signal.aborted) return;
      this.#take(container, probe, result);
    }
  }

  #take(container: Container, probe: HealthProbe, result: HealthResult): void {
    const before = container.state.health;
    if (before === undefined) return;
    const health = afterProbe(before, probe, result, container.state.startedAt);
    this.#parts.store.setState(container, { health });
    if (health.status === before.status) return;
    this.#parts.publish(container, `health_status: ${health.status}`);
    if (health.status === 'unhealthy') this.#becameUnhealthy(container);
  }
}

/** Milliseconds from one probe to the next. */
function delayOf({ state }: Container, probe: HealthProbe): number {
  const starting = state.health?.status === 'starting' && isInStartPeriod(probe, state.startedAt, Date.now());
  return starting ? probe.startInterval : probe.interval;
}

function isInStartPeriod({ startPeriod }: HealthProbe, startedAt: string, now: number): boolean {
  return now - Date.parse(startedAt) < startPeriod;
}

/** A success makes healthy at once; failures do, when there are enough of them in a row, make unhealthy. */
function afterProbe(
  before: HealthState,
  probe: HealthProbe,
  result: HealthResult,
  startedAt: string,
): HealthState {
  const log = [...before.log, result].slice(-LOG_ENTRIES);
  if (result.ExitCode === 0) return { status: 'healthy', failingStreak: 0, log };
  const excused = before.status === 'starting' && isInStartPeriod(probe, startedAt, Date.parse(result.Start));
  if (excused) return { ...before, log };
  const failingStreak = before.failingStreak + 1;
  return { status: failingStreak >= probe.retries ? 'unhealthy' : before.status, failingStreak, log };
}
