import type { Netlink } from './netlink.ts';
import { addressText } from './netlink-address.ts';
import { BodyWriter, decodeAttributes, decodeText, NLM_F_DUMP } from './netlink-message.ts';

/** What rtnetlink(7) tells about links, addresses and routes. */

const RTM_GETLINK = 18;
const RTM_GETADDR = 22;
const RTM_GETROUTE = 26;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_IFALIAS = 20;
const IFLA_EXT_MASK = 29;
const IFLA_INFO_KIND = 1;
const RTEXT_FILTER_SKIP_STATS = 8;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTN_UNICAST = 1;
const IFF_UP = 1;

/** A network interface. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** `bridge`, `veth` ...; empty for hardware and loopback. */
  readonly kind: string;
  readonly up: boolean;
  readonly mtu: number;
  readonly mac: string;
  /** Index of the bridge that it belongs to; 0 for none. */
  readonly master: number;
  readonly alias: string;
}

/** An address of a link. */
export interface LinkAddress {
  readonly index: number;
  readonly address: string;
  readonly prefixLength: number;
}

/** A unicast route. The default route has prefix length 0 and no address. */
export interface Route {
  readonly address: string;
  readonly prefixLength: number;
  /** Empty for a network that is reached directly. */
  readonly gateway: string;
  readonly index: number;
}

/** Every link of the socket's namespace. Throws SyscallError. */
export function listLinks(netlink: Netlink): Link[] {
  const body = new BodyWriter(Buffer.alloc(16)).u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS).finish();
  return netlink.query({ type: RTM_GETLINK, flags: NLM_F_DUMP, body, what: 'list links' }).map(linkIn);
}

/** The link of that name. Throws SyscallError: ENODEV when there is none. */
export function getLink(netlink: Netlink, name: string): Link {
  const body = new BodyWriter(Buffer.alloc(16))
    .text(IFLA_IFNAME, name)
    .u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)
    .finish();
  const [answer] = netlink.query({ type: RTM_GETLINK, flags: 0, body, what: `find link ${name}` });
  return linkIn(answer!);
}

/** The link of that name, or undefined. Throws SyscallError. */
export function findLink(netlink: Netlink, name: string): Link | undefined {
  try {
    return getLink(netlink, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENODEV') return undefined;
    throw error;
  }
}

/** Every address, IPv4 and IPv6, of the socket's namespace. Throws SyscallError. */
export function listAddresses(netlink: Netlink): LinkAddress[] {
  const request = { type: RTM_GETADDR, flags: NLM_F_DUMP, body: Buffer.alloc(8), what: 'list addresses' };
  return netlink.query(request).map(({ body }) => {
    const attributes = decodeAttributes(body.subarray(8));
    return {
      index: body.readUInt32LE(4),
      address: addressText(attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS)!),
      prefixLength: body[1]!,
    };
  });
}

/** The unicast routes, IPv4 and IPv6, of every table. Throws SyscallError. */
export function listRoutes(netlink: Netlink): Route[] {
  const request = { type: RTM_GETROUTE, flags: NLM_F_DUMP, body: Buffer.alloc(12), what: 'list routes' };
  const unicast = netlink.query(request).filter(({ body }) => body[7] === RTN_UNICAST);
  return unicast.map(({ body }) => {
    const attributes = decodeAttributes(body.subarray(12));
    return {
      address: textOf(attributes.get(RTA_DST)),
      prefixLength: body[1]!,
      gateway: textOf(attributes.get(RTA_GATEWAY)),
      index: attributes.get(RTA_OIF)?.readUInt32LE() ?? 0,
    };
  });
}

function linkIn({ body }: { readonly body: Buffer }): Link {
  const attributes = decodeAttributes(body.subarray(16));
  const info = attributes.get(IFLA_LINKINFO);
  return {
    index: body.readInt32LE(4),
    name: decodeText(attributes.get(IFLA_IFNAME)),
    kind: info === undefined ? '' : decodeText(decodeAttributes(info).get(IFLA_INFO_KIND)),
    up: (body.readUInt32LE(8) & IFF_UP) !== 0,
    mtu: attributes.get(IFLA_MTU)?.readUInt32LE() ?? 0,
    mac: [...(attributes.get(IFLA_ADDRESS) ?? [])]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join(':'),
    master: attributes.get(IFLA_MASTER)?.readUInt32LE() ?? 0,
    alias: decodeText(attributes.get(IFLA_IFALIAS)),
  };
}

function textOf(bytes: Buffer | undefined): string {
  return bytes === undefined ? '' : addressText(bytes);
}
