import { setTimeout as sleep } from 'node:timers/promises';
import { Conflict, messageOf, NotModified } from '../../api/index.ts';
import { cgroupProcesses } from '../../linux/index.ts';
import { startTime } from '../../runtime/index.ts';
import type { Container } from './container.ts';
import type { ContainerParts } from './parts.ts';
import { unpause } from './pause.ts';
import { isRunning } from './record.ts';
import { parseSignal } from './signals.ts';

const SIGTERM = 15;
const SIGKILL = 9;
const DEFAULT_TIMEOUT = 10;
/** After SIGKILL only the kernel can hold a process up: a disk that does not answer, for instance. */
const KILL_PATIENCE = 10_000;

/** How a container is to be stopped. */
export interface StopOptions {
  /** Seconds until SIGKILL, -1 for never; undefined for the container's own. */
  readonly timeout?: number | undefined;
  /** Undefined for the container's own. */
  readonly signal?: string | undefined;
}

/**
 * Asks a container's process to end, and kills it when it has not done so in time. Resolves when it has ended and all is
 * cleaned up. Throws NotModified when it does not run.
 */
export async function stop(parts: ContainerParts, container: Container, options: StopOptions): Promise<void> {
  const { config } = container.record;
  const signal = parseSignal(options.signal || config.StopSignal || String(SIGTERM));
  if (!(await runs(container))) throw new NotModified(`container ${container.name} is already stopped`);
  parts.store.setState(container, { stoppedByUser: true, restartsCancelled: true });
  await end(container, signal, options.timeout ?? config.StopTimeout ?? DEFAULT_TIMEOUT, parts);
  parts.publish(container, 'stop');
}

/** Sends a signal to the container's first process. Killing waits for the end. Throws Conflict, InvalidArgument. */
export async function kill(
  parts: ContainerParts,
  container: Container,
  signalName: string,
  by: 'user' | 'engine' = 'user',
): Promise<void> {
  const signal = parseSignal(signalName || String(SIGKILL));
  if (!(await runs(container))) {
    throw new Conflict(`cannot kill container: ${container.name}: container ${container.id} is not running`);
  }
  const { StopSignal } = container.record.config;
  // A signal that is not the one to stop with may be meant for something else: then the policy stays in force.
  const stops = signal === SIGKILL || StopSignal === '' || signal === parseSignal(StopSignal);
  if (by === 'user') {
    parts.store.setState(container, {
      stoppedByUser: true,
      restartsCancelled: stops || container.state.restartsCancelled,
    });
  }
  const ended = container.nextExit;
  send(parts, container, signal);
  if (stops && container.state.status === 'paused') await thaw(parts, container);
  if (signal !== SIGKILL) return;
  await withPatience(parts, container, ended);
}

async function end(
  container: Container,
  signal: number,
  timeout: number,
  parts: ContainerParts,
): Promise<void> {
  const ended = container.nextExit;
  send(parts, container, signal);
  if (container.state.status === 'paused') await thaw(parts, container);
  if (timeout < 0) {
    await ended;
    return;
  }
  if (await endsWithin(ended, timeout * 1000)) return;
  send(parts, container, SIGKILL);
  await withPatience(parts, container, ended);
}

/** Waits for an exit after SIGKILL; then kills what else is in the cgroup, and reports a process that will not go. */
async function withPatience(
  parts: ContainerParts,
  container: Container,
  ended: Promise<unknown>,
): Promise<void> {
  if (await endsWithin(ended, KILL_PATIENCE)) return;
  for (const pid of cgroupProcesses(parts.cgroupOf(container))) signalProcess(pid, SIGKILL);
  if (await endsWithin(ended, KILL_PATIENCE)) return;
  throw new Conflict(
    `container ${container.name} did not end after SIGKILL: its process ${container.state.pid} hangs in the kernel`,
  );
}

/**
 * Whether the container runs once a start that is under way has come to its end: its program may have spoken to the client
 * already, which then rightly takes it for running.
 */
async function runs(container: Container): Promise<boolean> {
  if (!isRunning(container.state)) await container.lock.run(async () => {});
  return isRunning(container.state);
}

/** A frozen process does not notice a signal. */
function thaw(parts: ContainerParts, container: Container): Promise<void> {
  return container.lock.run(async () => {
    if (container.state.status === 'paused') await unpause(parts, container);
  });
}

async function endsWithin(ended: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const timer = new AbortController();
  try {
    const late = sleep(milliseconds, false, { signal: timer.signal, ref: false }).catch(() => false);
    return await Promise.race([ended.then(() => true), late]);
  } finally {
    timer.abort();
  }
}

function send(parts: ContainerParts, container: Container, signal: number): void {
  const { pid, pidStart } = container.state;
  parts.publish(container, 'kill', { signal: String(signal) });
  // A pid that belongs to somebody else by now means that the container has ended, and that its exit is on its way.
  if (pid > 0 && startTime(pid) === pidStart) signalProcess(pid, signal);
}

function signalProcess(pid: number, signal: number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ESRCH') {
      throw new Conflict(`cannot send signal ${signal} to process ${pid}: ${messageOf(error)}`);
    }
  }
}
