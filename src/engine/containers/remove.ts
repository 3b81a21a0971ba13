import { existsSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Conflict, messageOf, NotModified } from '../../api/index.ts';
import type { Container } from './container.ts';
import { giveBackVolumes } from './mounts/bring.ts';
import type { ContainerParts } from './parts.ts';
import { isRunning, isUp } from './record.ts';
import { kill } from './stop.ts';

/** How a container is removed. */
export interface RemoveOptions {
  /** Kill it first if it runs. */
  readonly force: boolean;
  /** With the volumes to which nobody gave a name, unless others have them too. */
  readonly volumes: boolean;
}

/** Removes a container. Throws Conflict when it runs. */
export async function remove(
  parts: ContainerParts,
  container: Container,
  { force, volumes }: RemoveOptions,
): Promise<void> {
  if (container.removing) {
    throw new Conflict(`removal of container ${container.name} is already in progress`);
  }
  if (isUp(container.state) && !force) throw new Conflict(stillRunning(container));
  container.removing = true;
  try {
    // A start that is under way comes to its end first: what it has started is to be killed, not left.
    if (force) await container.lock.run(async () => {});
    if (isRunning(container.state)) await killFirst(parts, container);
    await container.lock.run(() => discard(parts, container, volumes));
  } catch (error) {
    container.removing = false;
    throw error;
  }
}

/** Forgets a stopped container and deletes its files. Must hold its lock. */
export async function discard(parts: ContainerParts, container: Container, volumes: boolean): Promise<void> {
  if (!parts.store.has(container.id)) return;
  if (isRunning(container.state)) throw new Conflict(stillRunning(container));
  // One that goes with its process may still be on its way out: nothing of it writes any more.
  await giveBackVolumes(parts, container);
  await parts.finishLog(container);
  // The record goes first: a crash in between leaves files without a record, which the next start sweeps away.
  const anonymous = volumes ? anonymousVolumes(container) : [];
  parts.store.delete(container, () => parts.volumes.markRemoved(anonymous));
  // Who still waits for the lock finds it so.
  container.removing = true;
  for (const { client } of container.pending) client.destroy();
  await deleteFiles(parts, container);
  await parts.volumes.sweepRemoved(anonymous);
  parts.publish(container, 'destroy');
  container.tellRemoval();
  // An image that was removed by force while this container had it can go now.
  await parts.images.collect();
}

function anonymousVolumes({ record }: Container): string[] {
  return record.mounts.flatMap(({ volume }) => (volume?.anonymous ? [volume.name] : []));
}

async function killFirst(parts: ContainerParts, container: Container): Promise<void> {
  try {
    await kill(parts, container, 'KILL');
  } catch (error) {
    // It may have ended by itself in the meantime.
    if (isRunning(container.state) && !(error instanceof NotModified)) throw error;
  }
}

/** Moves the folder out of the way, so that it is gone at once however long deleting takes. */
async function deleteFiles(parts: ContainerParts, container: Container): Promise<void> {
  const { folder } = container.files;
  if (!existsSync(folder)) return;
  const doomed = join(parts.config.dataRoot, 'tmp', `container-${container.id}`);
  try {
    renameSync(folder, doomed);
    await rm(doomed, { recursive: true, force: true });
  } catch (error) {
    parts.log.warn('files of a removed container stay until the engine starts again', {
      container: container.id,
      error: messageOf(error),
    });
  }
}

function stillRunning({ name, state }: Container): string {
  const reason =
    state.status === 'paused'
      ? 'container is paused and must be unpaused first'
      : `container is ${state.status}: stop the container before removing or force remove`;
  return `cannot remove container "${name}": ${reason}`;
}
