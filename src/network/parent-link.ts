import { InvalidArgument } from '../api/index.ts';
import {
  changeLink,
  createVeth,
  createVlan,
  deleteLink,
  findLink,
  getLink,
  type NetlinkRequest,
} from '../linux/index.ts';
import type { HostStack } from './host-stack.ts';

const LAST_VLAN = 4094;

/** The interface of the host on which those of a network's containers sit. */
export class ParentLink {
  readonly index: number;
  readonly name: string;
  /** Whether the engine made it and may delete it. */
  readonly own: boolean;

  private constructor(index: number, name: string, own: boolean) {
    this.index = index;
    this.name = name;
    this.own = own;
  }

  /**
   * Finds the interface of that name. `eth0.100` is made, as VLAN 100 of eth0, where there is none; without a name, one that
   * leads nowhere. Throws InvalidArgument when there is no such interface, SyscallError.
   */
  static open(stack: HostStack, name: string | undefined, networkId: string): ParentLink {
    const wanted = name ?? `dm-${networkId.slice(0, 12)}`;
    const { netlink } = stack;
    const existing = findLink(netlink, wanted);
    if (existing !== undefined) {
      netlink.send(changeLink(existing.index, { up: true }));
      return new ParentLink(existing.index, wanted, existing.alias === stack.owner);
    }
    if (name === undefined) makeDeadEnd(stack, wanted);
    else netlink.send(vlanRequest(stack, wanted));
    const { index } = getLink(netlink, wanted);
    netlink.send(
      changeLink(index, { alias: stack.owner, noLinkLocal: true }),
      changeLink(index, { up: true }),
    );
    return new ParentLink(index, wanted, true);
  }

  /** The names of what the engine made. */
  get links(): string[] {
    return this.own ? [this.name, openEnd(this.name)] : [];
  }

  /** Deletes it when the engine made it; one that has gone is no error. Throws SyscallError. */
  remove({ netlink }: HostStack): void {
    if (!this.own) return;
    try {
      netlink.send(deleteLink(this.name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENODEV') throw error;
    }
  }
}

/** A cable whose other end lies open. Not every kernel has dummy(4), and every one that runs containers has veth(4). */
function makeDeadEnd({ netlink, owner }: HostStack, name: string): void {
  const end = openEnd(name);
  netlink.send(createVeth({ name }, { name: end }));
  netlink.send(changeLink(end, { alias: owner, noLinkLocal: true }), changeLink(end, { up: true }));
}

function openEnd(name: string): string {
  return `${name.slice(0, -1)}~`;
}

function vlanRequest({ netlink }: HostStack, name: string): NetlinkRequest {
  const [, base = '', tag = ''] = /^(.+)\.(\d+)$/.exec(name) ?? [];
  const below = base === '' ? undefined : findLink(netlink, base);
  if (below === undefined) {
    throw new InvalidArgument(`parent interface ${name} does not exist on this host: choose one that does`);
  }
  const id = Number(tag);
  if (id < 1 || id > LAST_VLAN)
    throw new InvalidArgument(`invalid VLAN of parent ${name}: 1 to ${LAST_VLAN}`);
  return createVlan(name, below.index, id);
}
