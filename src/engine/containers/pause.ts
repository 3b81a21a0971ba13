import { Conflict, Internal } from '../../api/index.ts';
import { isFrozen } from '../../linux/index.ts';
import { pauseContainer } from '../../runtime/index.ts';
import type { Container } from './container.ts';
import type { ContainerParts } from './parts.ts';
import { isRunning } from './record.ts';

/** Freezes all processes of a running container. Must hold its lock. Throws Conflict. */
export async function pause(parts: ContainerParts, container: Container): Promise<void> {
  const { state, id } = container;
  if (!isRunning(state)) throw new Conflict(`Container ${id} is not running`);
  if (state.status === 'paused') throw new Conflict(`container ${id} is already paused`);
  await pauseContainer(parts.runtimeOf(container), id, 'pause');
  parts.store.setState(container, { status: 'paused' });
  parts.publish(container, 'pause');
}

/** For an engine that starts: takes note of what the one before it froze, or let go on, in its last moment. */
export function noticePause(parts: ContainerParts, container: Container): void {
  const status = isFrozen(parts.cgroupOf(container)) ? 'paused' : 'running';
  if (status !== container.state.status) parts.store.setState(container, { status });
}

/** Lets the processes of a paused container go on. Must hold its lock. Throws Internal when it is not paused, as dockerd. */
export async function unpause(parts: ContainerParts, container: Container): Promise<void> {
  if (container.state.status !== 'paused') throw new Internal(`Container ${container.id} is not paused`);
  await pauseContainer(parts.runtimeOf(container), container.id, 'resume');
  parts.store.setState(container, { status: 'running' });
  parts.publish(container, 'unpause');
}
