import { setTimeout as sleep } from 'node:timers/promises';
import { formatTime, messageOf, parseTime } from '../../api/index.ts';
import { unmountRootfs } from '../../layers/index.ts';
import { oomKills, removeCgroup } from '../../linux/index.ts';
import { deleteContainer, type Exit } from '../../runtime/index.ts';
import type { Container } from './container.ts';
import { giveBackVolumes, publishUnmounts } from './mounts/bring.ts';
import type { ContainerParts } from './parts.ts';
import { type ContainerState, isRunning } from './record.ts';
import { wantsRestart } from './restart-policy.ts';

const NANOS_PER_MILLI = 1_000_000n;
/** A process that was killed is in its cgroup for a moment longer. */
const CGROUP_TRIES = 50;
const CGROUP_PAUSE_MS = 10;

/**
 * Takes note that a container's process has ended: whoever waits for it is told as soon as its record says so. What the run
 * held is given back by `releaseRun`, which the caller must do next. Must hold the container's lock. Gives whether there
 * was anything to take note of.
 */
export function takeExit(parts: ContainerParts, container: Container, exit: Exit): boolean {
  if (!isRunning(container.state)) return false;
  const oomKilled = oomKills(parts.cgroupOf(container)) > 0;
  if (oomKilled) parts.publish(container, 'oom');
  disconnect(parts, container);
  publishUnmounts(parts, container);
  record(parts, container, {
    status: 'exited',
    pid: 0,
    pidStart: undefined,
    sandbox: undefined,
    exitCode: exit.code,
    oomKilled,
    finishedAt: endOf(container, exit),
  });
  const seconds = Math.max(0, Math.floor((exit.at.getTime() - Date.parse(container.state.startedAt)) / 1000));
  parts.publish(container, 'die', { exitCode: String(exit.code), execDuration: String(seconds) });
  container.tellExit();
  return true;
}

/** The clock of the exit file's time is a few milliseconds coarse: an end is never shown before its beginning. */
function endOf({ state }: Container, { at }: Exit): string {
  const end = BigInt(at.getTime()) * NANOS_PER_MILLI;
  const start = parseTime(state.startedAt) ?? end;
  return formatTime(end < start ? start : end);
}

/** On a full disk the end is known all the same, and conmon's file stays for an engine that starts before it is written. */
function record(parts: ContainerParts, container: Container, change: Partial<ContainerState>): void {
  const { store, exits, log } = parts;
  try {
    store.setStateDurably(container, change);
    if (wantsRestart(container)) store.setState(container, { status: 'restarting' });
    exits.forget(container.id);
  } catch (error) {
    log.error('cannot write down the end of a container', {
      container: container.id,
      error: messageOf(error),
    });
    store.noteState(container, change);
  }
}

/** Gives back everything that a run of a container holds. What cannot be given back is logged, and left to the sweep. */
export async function releaseRun(parts: ContainerParts, container: Container): Promise<void> {
  disconnect(parts, container);
  attempt(parts, container, 'unmount the layers', () => unmountRootfs(container.files.rootfs));
  try {
    await deleteProcesses(parts, container);
    // The bundle goes last: as long as it is there, the next engine knows that there is something to take away.
    container.bundle.removeSync();
    await giveBackVolumes(parts, container);
  } catch (error) {
    parts.log.error("cannot remove the runtime's part of the container", {
      container: container.id,
      error: messageOf(error),
    });
  }
}

/**
 * Takes away the runtime's part of a container, processes included, whatever state it is in. A runtime that failed half way,
 * or was killed, has left a cgroup of which it knows nothing itself.
 */
export async function deleteProcesses(parts: ContainerParts, container: Container): Promise<void> {
  await deleteContainer(parts.runtimeOf(container), container.id);
  for (let tries = 0; tries < CGROUP_TRIES; tries++) {
    if (removeCgroup(parts.cgroupOf(container))) return;
    await sleep(CGROUP_PAUSE_MS);
  }
}

function disconnect(parts: ContainerParts, container: Container): void {
  attempt(parts, container, 'disconnect the container', () => {
    parts.networks.detach(container.id);
  });
}

function attempt(parts: ContainerParts, container: Container, what: string, body: () => void): void {
  try {
    body();
  } catch (error) {
    parts.log.error(`cannot ${what}`, { container: container.id, error: messageOf(error) });
  }
}
