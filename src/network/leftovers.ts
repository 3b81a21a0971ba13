import { listLinks } from '../linux/index.ts';
import { deleteBridge } from './bridge-link.ts';
import type { HostStack } from './host-stack.ts';
import type { Sandboxes } from './sandboxes.ts';

/** What is needed on the host; everything else that bears this engine's mark is a leftover. */
export interface Needed {
  readonly containers: ReadonlySet<string>;
  readonly hostInterfaces: ReadonlySet<string>;
  /** Bridges, and the interfaces that lie under those of containers. */
  readonly links: ReadonlySet<string>;
}

/**
 * Removes what a crash or a change of flags left: namespaces and interfaces of containers that do not run, bridges that
 * no network uses. Settles when all of it is gone. Throws SyscallError.
 */
export async function removeLeftovers(stack: HostStack, sandboxes: Sandboxes, needed: Needed): Promise<void> {
  for (const containerId of sandboxes.list()) {
    if (!needed.containers.has(containerId)) sandboxes.delete(containerId);
  }
  const links = listLinks(stack.netlink);
  for (const { name, alias } of links) {
    if (stack.owns(alias) && !needed.hostInterfaces.has(name)) stack.reaper.bury(name);
  }
  for (const { name, alias } of links) {
    if (alias === stack.owner && !needed.links.has(name)) await deleteBridge(name);
  }
  await stack.reaper.drained();
}
