import {
  addDeviceRoute,
  addRoute,
  deleteDefaultRoute,
  deleteLink,
  getLink,
  type Netlink,
} from '../linux/index.ts';
import type { Attachment } from './drivers/driver.ts';

/** An interface by which a container may leave. */
export interface Exit extends Attachment {
  readonly interfaceName: string;
  readonly networkName: string;
  /** The highest wins. */
  readonly gatewayPriority: number;
}

/**
 * Points the default routes of a container at the interfaces that shall have them, for each family the one with the highest
 * priority that has a gateway; of equals the one whose network comes first by name. Call it inside. Throws SyscallError.
 */
export function setGateways(netlink: Netlink, exits: readonly Exit[]): void {
  const ranked = [...exits].sort(
    (a, b) => b.gatewayPriority - a.gatewayPriority || (a.networkName < b.networkName ? -1 : 1),
  );
  setGateway(netlink, 4, gatewayOf(ranked, 4));
  setGateway(netlink, 6, gatewayOf(ranked, 6));
}

/** The one of the exits, best first, that the family's default route takes. */
export function gatewayOf(ranked: readonly Exit[], family: 4 | 6): Exit | undefined {
  return ranked.find(
    (exit) => addressOf(exit, family) !== '' && (exit.leadsEverywhere || gatewayAt(exit, family) !== ''),
  );
}

function setGateway(netlink: Netlink, family: 4 | 6, exit: Exit | undefined): void {
  if (exit === undefined) {
    removeGateway(netlink, family);
    return;
  }
  const { index } = getLink(netlink, exit.interfaceName);
  const gateway = gatewayAt(exit, family);
  // The kernel replaces only a route of the same kind, and IPv6 adds a second one beside it.
  removeGateway(netlink, family);
  netlink.send(exit.leadsEverywhere ? addDeviceRoute(family, index) : addRoute({ gateway, index }));
}

function removeGateway(netlink: Netlink, family: 4 | 6): void {
  try {
    netlink.send(deleteDefaultRoute(family));
  } catch (error) {
    // There was none, or the kernel has no such family.
    if (!['ESRCH', 'EAFNOSUPPORT', 'EOPNOTSUPP'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error;
  }
}

function addressOf(exit: Exit, family: 4 | 6): string {
  return family === 4 ? exit.ipAddress : exit.ipv6Address;
}

function gatewayAt(exit: Exit, family: 4 | 6): string {
  return family === 4 ? exit.gateway : exit.ipv6Gateway;
}

/** Deletes an interface from inside; one that has gone already is no error. Throws SyscallError. */
export function deleteInterface(netlink: Netlink, name: string): void {
  try {
    netlink.send(deleteLink(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENODEV') throw error;
  }
}
