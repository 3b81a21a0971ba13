import { Conflict } from '../api/index.ts';
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
  writeSysctl,
} from '../linux/index.ts';
import type { Bridge } from './bridge-link.ts';
import { type HostStack, isMarked } from './host-stack.ts';
import { macOf, macOfId } from './mac.ts';

export interface OwnBridgeWish {
  readonly name: string;
  /** The network's ID, hexadecimal. */
  readonly networkId: string;
  /** The addresses to have, of both families, with their prefixes. */
  readonly addresses: readonly string[];
  readonly mtu: number;
}

/**
 * Makes the bridge of a network of the user's own, or takes it up as it shall be: exactly these addresses, whatever was
 * there before. A bridge that somebody else made is used when it bears the network's name, and gets the addresses that it
 * lacks. Throws Conflict when the name belongs to another engine or to no bridge, SyscallError.
 */
export function openOwnBridge(stack: HostStack, wish: OwnBridgeWish): Bridge {
  const { netlink } = stack;
  const existing = findLink(netlink, wish.name);
  if (existing !== undefined) checkKind(stack, existing);
  const made = existing === undefined;
  if (made) netlink.send(createLink('bridge', { name: wish.name }));
  try {
    const { index } = getLink(netlink, wish.name);
    const own = made || existing.alias === stack.owner;
    if (made) netlink.send(changeLink(index, { alias: stack.owner, noLinkLocal: !hasIpv6(wish) }));
    // The host may be without IPv6 by default.
    if (hasIpv6(wish)) writeSysctl(`net/ipv6/conf/${wish.name}/disable_ipv6`, '0');
    setAddresses(stack, index, wish, own);
    // With a fixed hardware address the bridge does not take that of its lowest port, which changes as containers come.
    const settings = own ? { mac: macFor(wish), mtu: wish.mtu, up: true } : { up: true };
    netlink.send(changeLink(index, settings));
    return { index, name: wish.name, address: wish.addresses.find((it) => !it.includes(':')) ?? '', own };
  } catch (error) {
    if (made) netlink.send(deleteLink(wish.name));
    throw error;
  }
}

function checkKind(stack: HostStack, link: Link): void {
  if (link.kind !== 'bridge') throw new Conflict(`interface ${link.name} exists and is not a bridge`);
  if (isMarked(link.alias) && link.alias !== stack.owner) {
    throw new Conflict(`bridge ${link.name} belongs to another engine (${link.alias})`);
  }
}

function setAddresses({ netlink }: HostStack, index: number, wish: OwnBridgeWish, exactly: boolean): void {
  const present = listAddresses(netlink)
    .filter((entry) => entry.index === index && !entry.address.startsWith('fe80:'))
    .map((entry) => `${entry.address}/${entry.prefixLength}`);
  const surplus = exactly ? present.filter((address) => !wish.addresses.includes(address)) : [];
  for (const address of surplus) netlink.send(deleteAddress(index, ...split(address)));
  for (const address of wish.addresses) {
    if (!present.includes(address)) netlink.send(addAddress(index, ...split(address)));
  }
}

function macFor({ addresses, networkId }: OwnBridgeWish): string {
  const ipv4 = addresses.find((address) => !address.includes(':'));
  return ipv4 === undefined ? macOfId(networkId) : macOf(split(ipv4)[0]);
}

function hasIpv6({ addresses }: OwnBridgeWish): boolean {
  return addresses.some((address) => address.includes(':'));
}

function split(cidr: string): [address: string, prefixLength: number] {
  const [address = '', prefixLength = ''] = cidr.split('/');
  return [address, Number(prefixLength)];
}
