import { type HostConfig, InvalidArgument, messageOf, NotModified } from '../../api/index.ts';
import type { Container } from './container.ts';
import type { ContainerParts } from './parts.ts';
import { kill, stop } from './stop.ts';

const ACTIONS = ['', 'none', 'kill', 'restart', 'stop'];

/** Throws InvalidArgument for what cannot be done with a container that becomes unhealthy. */
export function validateHealthOnFailure({ HealthOnFailure: action, AutoRemove }: HostConfig): void {
  if (action == null) return;
  if (!ACTIONS.includes(action)) {
    throw new InvalidArgument(
      `invalid action on a failing health check: "${action}"; use one of none, kill, restart, stop`,
    );
  }
  if (action === 'restart' && AutoRemove) {
    throw new InvalidArgument(
      'conflicting options: a container that is removed at its end cannot be restarted',
    );
  }
}

/** Does with a container that has become unhealthy what it was made to have done. What goes wrong is logged. */
export async function actOnFailure(
  parts: ContainerParts,
  container: Container,
  restart: () => Promise<void>,
): Promise<void> {
  try {
    switch (container.record.hostConfig.HealthOnFailure) {
      case 'kill':
        // What the restart policy does next is as if the process had ended by itself.
        return await kill(parts, container, 'KILL', 'engine');
      case 'stop':
        return await stop(parts, container, {});
      case 'restart':
        return await restart();
    }
  } catch (error) {
    if (error instanceof NotModified) return;
    parts.log.error('cannot act on a failing health check', {
      container: container.id,
      error: messageOf(error),
    });
  }
}
