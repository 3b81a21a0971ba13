import { Conflict, InvalidArgument } from '../api/index.ts';
import {
  addAddress,
  changeLink,
  createLink,
  deleteAddress,
  deleteLink,
  findLink,
  getLink,
  type Link,
  listAddresses,
  Netlink,
} from '../linux/index.ts';
import { cidrOf, formatAddress, formatCidr, overlaps, parseAddress, parseInterface } from './cidr.ts';
import { type HostStack, isMarked } from './host-stack.ts';
import { macOf } from './mac.ts';
import { pickSubnet, type SubnetPool, takenSubnets } from './pools.ts';

/** An interface of kind bridge, ready for ports. */
export interface Bridge {
  readonly index: number;
  readonly name: string;
  /** The bridge's own address with its prefix, such as `172.17.0.1/16`. */
  readonly address: string;
  /** Whether this engine made it and may delete it. */
  readonly own: boolean;
}

export interface BridgeWish {
  readonly name: string;
  /** The address to have; undefined: the one that it has, or the lowest of the first free pool. */
  readonly address: string | undefined;
  readonly pools: readonly SubnetPool[];
  readonly mtu: number;
  /** Whether to use a bridge that somebody else made, and its address. */
  readonly foreign: boolean;
  /** Subnets in which name servers lie are not picked. */
  readonly nameservers: readonly string[];
}

/**
 * Makes the bridge, or takes up the one that this engine made before. Throws Conflict when the name belongs to somebody
 * else, InvalidArgument when the wish cannot be met, SyscallError.
 */
export function openBridge(stack: HostStack, wish: BridgeWish): Bridge {
  const existing = findLink(stack.netlink, wish.name);
  if (wish.foreign && existing?.alias !== stack.owner) return useBridge(stack, wish, existing);
  if (existing === undefined) return makeBridge(stack, wish);
  refuseOthers(stack, existing);
  return adoptBridge(stack, wish, existing);
}

/** Deletes a bridge that this engine made. It makes the kernel wait, so a thread does it. Throws SyscallError. */
export async function deleteBridge(name: string): Promise<void> {
  using netlink = new Netlink();
  try {
    await netlink.sendInThread(deleteLink(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENODEV') throw error;
  }
}

function makeBridge(stack: HostStack, wish: BridgeWish): Bridge {
  const { netlink, owner } = stack;
  netlink.send(createLink('bridge', { name: wish.name }));
  try {
    const { index } = getLink(netlink, wish.name);
    netlink.send(changeLink(index, { alias: owner, noLinkLocal: true }));
    const address = settleAddress(stack, wish, index);
    // With a fixed hardware address the bridge does not take that of its lowest port, which changes as containers come.
    netlink.send(changeLink(index, { mac: macOf(hostPart(address)), mtu: wish.mtu, up: true }));
    return { index, name: wish.name, address, own: true };
  } catch (error) {
    netlink.send(deleteLink(wish.name));
    throw error;
  }
}

function adoptBridge(stack: HostStack, wish: BridgeWish, link: Link): Bridge {
  const { netlink } = stack;
  const present = ipv4Of(netlink, link.index);
  const keep = wish.address ?? present[0];
  for (const address of present)
    if (address !== keep) netlink.send(deleteAddress(link.index, ...split(address)));
  const kept = keep !== undefined && present.includes(keep);
  const address = kept ? keep : settleAddress(stack, wish, link.index);
  netlink.send(changeLink(link.index, { mac: macOf(hostPart(address)), mtu: wish.mtu, up: true }));
  return { index: link.index, name: link.name, address, own: true };
}

function useBridge({ netlink }: HostStack, wish: BridgeWish, link: Link | undefined): Bridge {
  if (link === undefined) {
    throw new InvalidArgument(`bridge ${wish.name} does not exist: make it, or add --bip so that it is made`);
  }
  if (link.kind !== 'bridge') throw new Conflict(`interface ${wish.name} exists and is not a bridge`);
  if (isMarked(link.alias))
    throw new Conflict(`bridge ${wish.name} belongs to another engine (${link.alias})`);
  const [address] = ipv4Of(netlink, link.index);
  if (address === undefined) throw new InvalidArgument(`bridge ${wish.name} has no IPv4 address`);
  netlink.send(changeLink(link.index, { up: true }));
  return { index: link.index, name: link.name, address, own: false };
}

function refuseOthers(stack: HostStack, link: Link): void {
  if (link.alias === stack.owner && link.kind === 'bridge') return;
  const whose = isMarked(link.alias)
    ? `belongs to another engine (${link.alias})`
    : 'was not made by this engine';
  throw new Conflict(
    `interface ${link.name} ${whose}: choose another name with --bridge, together with --bip, for this engine`,
  );
}

/** Gives the link its address. Of two engines that pick the same subnet at the same time, the later link yields. */
function settleAddress(stack: HostStack, wish: BridgeWish, index: number): string {
  const { netlink } = stack;
  const refused = new Set<string>();
  for (;;) {
    const address = wish.address ?? pickAddress(stack, wish, index, refused);
    const { subnet } = parseInterface(address);
    const taken = takenSubnets(netlink, [], index).find((other) => overlaps(other, subnet));
    if (taken !== undefined && wish.address !== undefined) {
      throw new Conflict(
        `address ${address} of bridge ${wish.name} overlaps ${formatCidr(taken)} on this host`,
      );
    }
    netlink.send(addAddress(index, ...split(address)));
    const rival = listAddresses(netlink).some(
      (other) =>
        other.index < index && overlaps(cidrOf(parseAddress(other.address), other.prefixLength), subnet),
    );
    if (!rival) return address;
    netlink.send(deleteAddress(index, ...split(address)));
    if (wish.address !== undefined) throw new Conflict(`address ${address} is in use on this host`);
    refused.add(formatCidr(subnet));
  }
}

function pickAddress(
  stack: HostStack,
  wish: BridgeWish,
  index: number,
  refused: ReadonlySet<string>,
): string {
  const taken = [
    ...takenSubnets(stack.netlink, wish.nameservers, index),
    ...[...refused].map((text) => parseInterface(text).subnet),
  ];
  const subnet = pickSubnet(wish.pools, taken);
  const gateway = formatAddress({ family: subnet.family, value: subnet.first + 1n });
  return `${gateway}/${subnet.prefixLength}`;
}

function ipv4Of(netlink: Netlink, index: number): string[] {
  return listAddresses(netlink)
    .filter((entry) => entry.index === index && parseAddress(entry.address).family === 4)
    .map((entry) => `${entry.address}/${entry.prefixLength}`);
}

function split(cidr: string): [address: string, prefixLength: number] {
  const [address = '', prefixLength = ''] = cidr.split('/');
  return [address, Number(prefixLength)];
}

function hostPart(cidr: string): string {
  return split(cidr)[0];
}
