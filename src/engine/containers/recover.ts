import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatTime, messageOf, nowNanos } from '../../api/index.ts';
import { unmountRootfs } from '../../layers/index.ts';
import { removeCgroup } from '../../linux/index.ts';
import {
  Bundle,
  containerState,
  deleteContainer,
  type Exit,
  programPath,
  startTime,
} from '../../runtime/index.ts';
import type { LiveSandbox } from '../networks/index.ts';
import type { Container } from './container.ts';
import { releaseRun, takeExit } from './exit.ts';
import { thawAbandoned } from './freeze.ts';
import { volumesOf } from './mounts/point.ts';
import { namingOf } from './networking.ts';
import type { ContainerParts } from './parts.ts';
import { noticePause } from './pause.ts';
import { isRunning } from './record.ts';
import { watchConmon } from './start.ts';

/** What an engine reports for a container whose end nobody saw: the machine went down with it. */
const UNKNOWN_EXIT = 255;
const KILLED_EXIT = 137;
const SETTLE_TRIES = 200;
const SETTLE_MS = 10;

/**
 * Finds out, when the engine starts, what became of the containers while there was none. Those that run are taken up
 * again, those that have ended get their exit code, and whatever an engine left half made when it was killed goes away.
 */
export async function recover(parts: ContainerParts): Promise<void> {
  const alive: Container[] = [];
  // Before anything is given back: what one has had in use, others may still have.
  parts.volumes.restore(
    parts.store
      .all()
      .filter(({ state, bundle }) => isRunning(state) || bundle.exists())
      .map(({ id, record }) => ({ id, volumes: volumesOf(record.mounts) })),
  );
  for (const container of parts.store.all()) {
    if (await stillRuns(parts, container)) alive.push(container);
  }
  await removeStrangers(parts);
  const live = alive.map(
    ({ id, state, record }): LiveSandbox => ({
      containerId: id,
      sandbox: state.sandbox ?? { endpoints: [] },
      naming: namingOf(record),
    }),
  );
  await parts.networks.restore(live);
  for (const container of alive) {
    noticePause(parts, container);
    await thawAbandoned(parts, container);
    watchConmon(parts, container);
  }
  for (const container of parts.store.all()) {
    if (!isRunning(container.state)) unmountRootfs(container.files.rootfs);
  }
  parts.volumes.sweepMounts();
  await sweepFolders(parts);
}

async function stillRuns(parts: ContainerParts, container: Container): Promise<boolean> {
  const { state, bundle } = container;
  if (isRunning(state)) {
    // As long as there is a conmon, the exit code is still to come.
    if (bundle.conmonAlive()) return true;
    takeExit(parts, container, parts.exits.read(container.id) ?? unseen(container));
    await releaseRun(parts, container);
    return false;
  }
  // Not running by the record, but with a bundle: the engine died in the middle of a start or of cleaning up.
  if (bundle.exists()) {
    const run = await unrecordedRun(parts, container);
    if (run === 'running') return true;
    if (run !== undefined) {
      // It was started and has ended, both before anybody could say so.
      parts.store.setState(container, { status: 'running', startedAt: formatTime(nowNanos()) });
      takeExit(parts, container, run);
      await releaseRun(parts, container);
      return false;
    }
    await discardRun(parts, container);
  }
  parts.store.setState(container, { sandbox: undefined });
  parts.exits.forget(container.id);
  return false;
}

/**
 * What became of a container whose program was let go just before the engine could say so: it runs, which its record then
 * says, or has ended. Undefined when its program never ran.
 */
async function unrecordedRun(
  parts: ContainerParts,
  container: Container,
): Promise<'running' | Exit | undefined> {
  const { id, state, bundle } = container;
  if (state.sandbox === undefined) return undefined;
  const exit = parts.exits.read(id);
  if (exit !== undefined || !bundle.conmonAlive()) return exit;
  const found = await containerState(parts.runtimeOf(container), id);
  if (found?.status === 'running') {
    parts.store.setState(container, {
      status: 'running',
      pid: found.pid,
      pidStart: startTime(found.pid),
      startedAt: formatTime(nowNanos()),
    });
    return 'running';
  }
  return found?.status === 'stopped' ? exitToCome(parts, container) : undefined;
}

/** The exit of a container whose program has just ended: conmon is about to leave it. */
async function exitToCome(parts: ContainerParts, { id, bundle }: Container): Promise<Exit | undefined> {
  for (let tries = 0; tries < SETTLE_TRIES && bundle.conmonAlive(); tries++) await sleep(SETTLE_MS);
  return parts.exits.read(id);
}

/** The exit of a container without a conmon: it is killed now, if it has not ended before. */
function unseen({ id, state }: Container): Exit {
  const runs = state.pid > 0 && startTime(state.pid) === state.pidStart;
  return { id, code: runs ? KILLED_EXIT : UNKNOWN_EXIT, at: new Date() };
}

/** Ends what a half-made run has of processes, and takes the rest away. */
async function discardRun(parts: ContainerParts, container: Container): Promise<void> {
  await endProcesses(parts, container.id);
  await releaseRun(parts, container);
}

/** Bundles, processes and runtime state of containers that are in no record. */
async function removeStrangers(parts: ContainerParts): Promise<void> {
  const bundles = join(parts.config.execRoot, 'bundles');
  mkdirSync(bundles, { recursive: true, mode: 0o711 });
  for (const id of readdirSync(bundles)) {
    if (parts.store.has(id)) continue;
    await endProcesses(parts, id);
    for (const [name, { path, args }] of Object.entries(parts.config.runtimes)) {
      const root = join(parts.config.execRoot, 'runtime', name);
      if (existsSync(join(root, id))) await deleteContainer({ path: programPath(path), args, root }, id);
    }
    removeCgroup(join('/', parts.config.cgroupParent, id));
    await new Bundle(parts.config.execRoot, id).remove();
  }
  for (const { id } of parts.exits.all()) if (!parts.store.has(id)) parts.exits.forget(id);
}

/**
 * Kills the conmon of a container and the runtime that it may just be running to create it: a conmon that was started in
 * the last moment of an engine has not yet left its pid anywhere, so its command line tells.
 */
async function endProcesses(parts: ContainerParts, id: string): Promise<void> {
  const mark = join(parts.config.execRoot, 'bundles', id);
  for (let tries = 0; tries < SETTLE_TRIES; tries++) {
    const pids = processesNaming(mark);
    if (pids.length === 0) return;
    for (const pid of pids) killQuietly(pid);
    await sleep(SETTLE_MS);
  }
  parts.log.error('processes of a container that was half made do not end', { container: id });
}

function processesNaming(mark: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return words.some((word) => word === mark || word.startsWith(`${mark}/`)) ? [pid] : [];
    } catch {
      return [];
    }
  });
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Folders of containers that are in no record: a removal or a creation that did not come to its end. */
async function sweepFolders(parts: ContainerParts): Promise<void> {
  const folder = join(parts.config.dataRoot, 'containers');
  mkdirSync(folder, { recursive: true, mode: 0o710 });
  for (const id of readdirSync(folder)) {
    if (parts.store.has(id)) continue;
    try {
      unmountRootfs(join(folder, id, 'rootfs'));
      await rm(join(folder, id), { recursive: true, force: true });
    } catch (error) {
      parts.log.warn('cannot sweep the folder of a removed container', {
        container: id,
        error: messageOf(error),
      });
    }
  }
}
