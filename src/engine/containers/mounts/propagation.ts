import { realpathSync } from 'node:fs';
import { Internal } from '../../../api/index.ts';
import { mountOf, readMounts } from '../../../linux/index.ts';
import type { MountPoint } from './point.ts';

/**
 * How the root of the container must be mounted for what binds ask for: mounts cannot get through it any further than that.
 * Undefined where no bind asks for anything. Throws Internal for a source on the host from which nothing can get through.
 */
export function rootPropagation(points: readonly MountPoint[]): 'rshared' | 'rslave' | undefined {
  const open = points.filter(
    ({ type, propagation }) => type === 'bind' && !['private', 'rprivate'].includes(propagation),
  );
  if (open.length === 0) return undefined;
  const mounts = readMounts();
  for (const { source, propagation } of open) {
    const mount = mountOf(realpathSync(source), mounts);
    const shares = propagation.endsWith('shared');
    if (mount === undefined || mount.shared || (!shares && mount.slave)) continue;
    throw new Internal(
      `path ${source} is mounted on ${mount.target} but it is not a shared ${shares ? 'mount' : 'or slave mount'}: run "mount --make-shared ${mount.target}" first, or leave the propagation out`,
    );
  }
  return open.some(({ propagation }) => propagation.endsWith('shared')) ? 'rshared' : 'rslave';
}
