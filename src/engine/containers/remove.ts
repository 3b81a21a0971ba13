import { existsSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Conflict, messageOf, NotModified } from '../../api/index.ts';
import type { Container } from './container.ts';
import type { ContainerParts } from './parts.ts';
import { isRunning, isUp } from './record.ts';
import { kill } from './stop.ts';

/** Removes a container; with `force` also one that runs. Throws Conflict. */
export async function remove(parts: ContainerParts, container: Container, force: boolean): Promise<void> {
  if (container.removing) {
    throw new Conflict(`removal of container ${container.name} is already in progress`);
  }
  if (isUp(container.state) && !force) throw new Conflict(stillRunning(container));
  container.removing = true;
  try {
    // A start that is under way comes to its end first: what it has started is to be killed, not left.
    if (force) await container.lock.run(async () => {});
    if (isRunning(container.state)) await killFirst(parts, container);
    await container.lock.run(() => discard(parts, container));
  } catch (error) {
    container.removing = false;
    throw error;
  }
}

/** Forgets a stopped container and deletes its files. Must hold its lock. */
export async function discard(parts: ContainerParts, container: Container): Promise<void> {
  if (!parts.store.has(container.id)) return;
  if (isRunning(container.state)) throw new Conflict(stillRunning(container));
  // The record goes first: a crash in between leaves files without a record, which the next start sweeps away.
  parts.store.delete(container);
  for (const { client } of container.pending) client.destroy();
  await deleteFiles(parts, container);
  parts.publish(container, 'destroy');
  container.tellRemoval();
  // An image that was removed by force while this container had it can go now.
  await parts.images.collect();
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
