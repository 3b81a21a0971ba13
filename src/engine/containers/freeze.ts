import { messageOf } from '../../api/index.ts';
import { pauseContainer } from '../../runtime/index.ts';
import type { Container } from './container.ts';
import type { ContainerParts } from './parts.ts';
import { pause, unpause } from './pause.ts';
import { isRunning } from './record.ts';

/** How many copies of a container's files are under way for which it stands still. */
const freezes = new WeakMap<Container, number>();

/**
 * Lets running containers stand still, so that their files can be copied as they are at one moment, until the result is
 * disposed of. Those that do not run, or that a user has paused, are left as they are. If the engine dies meanwhile, the next
 * one lets them go on. Waits for the locks of the containers.
 */
export async function freeze(
  parts: ContainerParts,
  containers: readonly Container[],
): Promise<AsyncDisposable> {
  await using undo = new AsyncDisposableStack();
  for (const container of containers) {
    if (await container.lock.run(() => halt(parts, container))) {
      undo.defer(() => container.lock.run(() => thaw(parts, container)));
    }
  }
  return undo.move();
}

/** Lets a container go on that an engine left standing still when it died. Must hold its lock, or be alone with it. */
export async function thawAbandoned(parts: ContainerParts, container: Container): Promise<void> {
  const { state, id } = container;
  if (!state.frozen) return;
  try {
    // The engine may have died before the state said so, or after it went on.
    if (isRunning(state)) await pauseContainer(parts.runtimeOf(container), id, 'resume');
  } catch (error) {
    if (state.status === 'paused') {
      parts.log.error('cannot let a container go on', { container: id, error: messageOf(error) });
      return;
    }
  }
  parts.store.setState(container, {
    frozen: undefined,
    ...(state.status === 'paused' && { status: 'running' }),
  });
}

/** Gives whether the container stands still for the caller. */
async function halt(parts: ContainerParts, container: Container): Promise<boolean> {
  const count = freezes.get(container) ?? 0;
  if (count === 0) {
    if (container.state.status !== 'running') return false;
    parts.store.setState(container, { frozen: true });
    try {
      await pause(parts, container);
    } catch (error) {
      parts.store.setState(container, { frozen: undefined });
      throw error;
    }
  }
  freezes.set(container, count + 1);
  return true;
}

/** A container that was killed or let go in the meantime needs nothing. */
async function thaw(parts: ContainerParts, container: Container): Promise<void> {
  const count = (freezes.get(container) ?? 1) - 1;
  freezes.set(container, count);
  if (count > 0) return;
  if (container.state.status === 'paused') await unpause(parts, container);
  parts.store.setState(container, { frozen: undefined });
}
