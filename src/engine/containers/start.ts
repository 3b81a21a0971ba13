import { mkdirSync, writeFileSync } from 'node:fs';
import { Conflict, formatTime, messageOf, NotModified, nowNanos, StartFailed } from '../../api/index.ts';
import { mountRootfs, unmountRootfs } from '../../layers/index.ts';
import { createContainer, startContainer, startTime } from '../../runtime/index.ts';
import type { Sandbox } from '../networks/index.ts';
import { admitRealtime, setBlockWeights } from './cgroup-v1.ts';
import type { Container } from './container.ts';
import { deleteProcesses } from './exit.ts';
import { linkedHosts } from './links.ts';
import { keepsLog } from './logs/drivers.ts';
import { bringMounts, giveBackVolumes, publishMounts, publishUnmounts } from './mounts/bring.ts';
import { copyUpIntoMemory } from './mounts/copy-up.ts';
import { hostTextsOf, prepareNetwork } from './networking.ts';
import type { ContainerParts } from './parts.ts';
import { isRunning } from './record.ts';
import { writeSpec } from './write-spec.ts';

/** How a container is started. */
interface StartOptions {
  readonly by?: 'user' | 'policy';
  /** The folder of a checkpoint from which it goes on. */
  readonly restore?: string | undefined;
}

/**
 * Starts a container. Must hold its lock. Throws NotModified (runs already), Conflict, StartFailed and what its parts
 * throw; then the machine is as it was, and the state says why.
 */
export async function start(
  parts: ContainerParts,
  container: Container,
  options: StartOptions = {},
): Promise<void> {
  const { state } = container;
  if (container.removing) throw new Conflict('container is marked for removal and cannot be started');
  if (state.status === 'paused') throw new Conflict('cannot start a paused container, try unpause instead');
  if (isRunning(state)) throw new NotModified(`container ${container.name} is already running`);
  try {
    await bringUp(parts, container, options);
  } catch (error) {
    const exitCode = error instanceof StartFailed ? error.exitCode : 128;
    parts.store.setState(container, { error: messageOf(error), exitCode });
    for (const { client } of container.pending) client.destroy();
    container.pending.clear();
    throw error;
  }
}

async function bringUp(
  parts: ContainerParts,
  container: Container,
  { by, restore }: StartOptions,
): Promise<void> {
  await using undo = new AsyncDisposableStack();
  mountLayers(parts, container);
  undo.defer(() => unmountRootfs(container.files.rootfs));
  const sandbox = prepareNetwork(parts, container);
  undo.defer(() => parts.networks.detach(container.id));
  writeHostFiles(parts, container, sandbox);
  mkdirSync(container.bundle.folder, { recursive: true, mode: 0o700 });
  undo.defer(() => container.bundle.remove());
  const { hostConfig } = container.record;
  const { IpcMode, ShmSize } = hostConfig;
  if (IpcMode === 'shareable') container.bundle.mountSharedMemory(ShmSize);
  undo.defer(() => giveBackVolumes(parts, container));
  const mounts = await bringMounts(parts, container);
  await copyUpIntoMemory(parts, container);
  await writeSpec(parts, container, sandbox, mounts);
  admitRealtime(parts, container, hostConfig);
  const runtime = parts.runtimeOf(container);
  // Before conmon: a runtime that fails half way leaves its state and its cgroup.
  undo.defer(() => takeDown(parts, container));
  // What is restored goes on at once.
  if (restore !== undefined) await parts.networks.connect(container.id);
  const created = createContainer({
    id: container.id,
    bundle: container.bundle,
    runtime,
    logPath: keepsLog(container.record.hostConfig.LogConfig) ? container.files.log : undefined,
    exitDir: parts.exits.folder,
    tty: container.record.config.Tty,
    stdin: container.record.config.OpenStdin,
    keepStdin: !container.record.config.StdinOnce || container.record.config.Tty,
    restore,
  });
  // The interfaces cost nothing while the runtime is at work, and are there before the program is.
  const connected = Promise.try(() =>
    restore === undefined ? parts.networks.connect(container.id) : undefined,
  );
  const [pid] = await allDone([created, connected]);
  setBlockWeights(parts, container, hostConfig);
  publishMounts(parts, container);
  undo.defer(() => publishUnmounts(parts, container));
  // Clients that came before the start are connected now: the program has not run yet, so they miss nothing.
  await connectPending(container);
  // An engine that starts after this one was killed here finds by it that the program may have been let go.
  parts.store.setState(container, { sandbox });
  undo.defer(() => parts.store.setState(container, { sandbox: undefined }));
  parts.networks.publish(container.id);
  // Before the program runs: one that is quick has ended by the time the runtime says that it has begun.
  const startedAt = formatTime(nowNanos());
  if (restore === undefined) await startContainer(runtime, container.id);
  parts.store.setState(container, {
    status: 'running',
    pid,
    pidStart: startTime(pid),
    exitCode: 0,
    error: '',
    oomKilled: false,
    startedAt,
    stoppedByUser: false,
    restartsCancelled: false,
    restartCount: by === 'policy' ? container.state.restartCount + 1 : 0,
  });
  undo.move();
  parts.publish(container, 'start');
  watchConmon(parts, container);
}

/** As `Promise.all`, but a failure is passed on only when the others have come to an end too. */
async function allDone<T extends readonly unknown[]>(
  promises: { readonly [Index in keyof T]: Promise<T[Index]> },
): Promise<T> {
  await Promise.allSettled(promises);
  return (await Promise.all(promises)) as unknown as T;
}

/** Takes the runtime's part of a container away, processes included, whatever state it is in. */
async function takeDown(parts: ContainerParts, container: Container): Promise<void> {
  await deleteProcesses(parts, container);
  // conmon leaves an exit file for the process that was just killed; it must not count as a run of the container.
  const conmon = container.bundle.conmonPid();
  if (conmon !== undefined) await parts.relay.ended(conmon);
  parts.exits.forget(container.id);
}

function mountLayers(parts: ContainerParts, { record, files }: Container): void {
  const image = parts.images.get(record.imageId);
  try {
    mountRootfs({ lowers: image.layers, upper: files.upper, work: files.work, target: files.rootfs });
  } catch (error) {
    throw parts.images.damageOf(image.id) ?? error;
  }
}

function writeHostFiles(parts: ContainerParts, container: Container, sandbox: Sandbox): void {
  const { record, files } = container;
  // Of a shared namespace the names are shared too.
  if (record.hostConfig.NetworkMode.startsWith('container:')) return;
  const texts = hostTextsOf(parts, container, sandbox, linkedHosts(parts, record));
  writeFileSync(files.hosts, texts.hosts, { mode: 0o644 });
  writeFileSync(files.hostname, texts.hostname, { mode: 0o644 });
  writeFileSync(files.resolvConf, texts.resolvConf, { mode: 0o644 });
}

async function connectPending(container: Container): Promise<void> {
  const clients = [...container.pending];
  container.pending.clear();
  await Promise.all(clients.map((pending) => pending.connect()));
}

/** A container whose conmon was killed has nobody to report its end: then the engine ends it. */
export function watchConmon(parts: ContainerParts, container: Container): void {
  const pid = container.bundle.conmonPid();
  if (pid === undefined) return;
  parts.relay.ended(pid).then(
    () => parts.conmonEnded(container),
    // The engine is stopping: the next one looks for itself.
    () => {},
  );
}
