import { addressBytes } from './netlink-address.ts';
import {
  BodyWriter,
  type NetlinkRequest,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
} from './netlink-message.ts';

/** The requests of rtnetlink(7) that change something. Each function only builds one; `Netlink.send` carries it out. */

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_SETLINK = 19;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;

const AF_INET = 2;
const AF_INET6 = 10;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_IFALIAS = 20;
const IFLA_AF_SPEC = 26;
const IFLA_NET_NS_FD = 28;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const VETH_INFO_PEER = 1;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const IN6_ADDR_GEN_MODE_NONE = 1;

const AF_BRIDGE = 7;
const IFLA_PROTINFO = 12;
const IFLA_BRPORT_MODE = 4;
const IFLA_BRPORT_ISOLATED = 33;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const IFA_F_NODAD = 2;

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RT_TABLE_MAIN = 254;
const RTPROT_BOOT = 3;
const RTN_UNICAST = 1;
const RT_SCOPE_LINK = 253;
/** When deleting: whatever the scope is. */
const RT_SCOPE_NOWHERE = 255;

const IFF_UP = 1;

/** What a link can be given when it is made or later. */
export interface LinkSettings {
  readonly name?: string;
  /** Hardware address: `02:42:ac:11:00:02`. */
  readonly mac?: string;
  readonly mtu?: number;
  readonly up?: boolean;
  /** Index of the bridge to join; 0 leaves it. */
  readonly master?: number;
  /** A note of up to 255 bytes, shown by `ip link`. Only for a link that exists. */
  readonly alias?: string;
  /** Gives the link no IPv6 address of its own, so that it joins no multicast group either. Only for a link that exists. */
  readonly noLinkLocal?: boolean;
}

/** A new link: `kind` is the kernel's name of the driver, such as `bridge` or `dummy`. Fails with EEXIST. */
export function createLink(kind: string, settings: LinkSettings & { readonly name: string }): NetlinkRequest {
  const writer = new BodyWriter(ifinfomsg(0, settings.up));
  settingsInto(writer, settings);
  writer.nested(IFLA_LINKINFO, (info) => info.text(IFLA_INFO_KIND, kind));
  return linkRequest(writer, `create ${kind} ${settings.name}`);
}

/** One end of a veth pair. `index` fixes the interface number; `netns` is an open namespace to put the end into. */
export interface VethEnd extends LinkSettings {
  readonly name: string;
  readonly index?: number;
  readonly netns?: number;
}

/** A new veth pair (veth(4)). `peer` cannot be up or have a master yet, because the kernel makes it before `end`. */
export function createVeth(end: VethEnd, peer: Omit<VethEnd, 'index' | 'up' | 'master'>): NetlinkRequest {
  const writer = new BodyWriter(ifinfomsg(end.index ?? 0, end.up));
  settingsInto(writer, end);
  if (end.netns !== undefined) writer.u32(IFLA_NET_NS_FD, end.netns);
  writer.nested(IFLA_LINKINFO, (info) =>
    info.text(IFLA_INFO_KIND, 'veth').nested(IFLA_INFO_DATA, (data) =>
      data.nested(
        VETH_INFO_PEER,
        (other) => {
          settingsInto(other, peer);
          if (peer.netns !== undefined) other.u32(IFLA_NET_NS_FD, peer.netns);
        },
        ifinfomsg(0),
      ),
    ),
  );
  return linkRequest(writer, `create veth ${end.name}`);
}

/** Changes a link, found by its index or its name. With an index, `settings.name` renames it (it must be down). */
export function changeLink(link: number | string, settings: LinkSettings): NetlinkRequest {
  const writer = new BodyWriter(ifinfomsg(typeof link === 'number' ? link : 0, settings.up));
  if (typeof link === 'string') writer.text(IFLA_IFNAME, link);
  settingsInto(writer, settings);
  if (settings.alias !== undefined) writer.bytes(IFLA_IFALIAS, Buffer.from(settings.alias));
  if (settings.noLinkLocal) {
    writer.nested(IFLA_AF_SPEC, (families) =>
      families.nested(AF_INET6, (inet6) => inet6.u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE)),
    );
  }
  return { type: RTM_SETLINK, flags: 0, body: writer.finish(), what: `change link ${link}` };
}

/** How a bridge treats one of its ports. */
export interface BridgePortSettings {
  /** The port cannot talk to other isolated ports of the bridge. */
  readonly isolated: boolean;
  /** What came in by the port may go out by it again. */
  readonly hairpin: boolean;
}

/** Changes how a bridge treats a port of it. */
export function changeBridgePort(index: number, { isolated, hairpin }: BridgePortSettings): NetlinkRequest {
  const head = ifinfomsg(index);
  head[0] = AF_BRIDGE;
  const writer = new BodyWriter(head);
  writer.nested(IFLA_PROTINFO, (port) =>
    port.u8(IFLA_BRPORT_MODE, hairpin ? 1 : 0).u8(IFLA_BRPORT_ISOLATED, isolated ? 1 : 0),
  );
  return { type: RTM_SETLINK, flags: 0, body: writer.finish(), what: `change bridge port ${index}` };
}

/** Deletes a link, and the other end with it when it is a veth. Fails with ENODEV. */
export function deleteLink(link: number | string): NetlinkRequest {
  const writer = new BodyWriter(ifinfomsg(typeof link === 'number' ? link : 0));
  if (typeof link === 'string') writer.text(IFLA_IFNAME, link);
  return { type: RTM_DELLINK, flags: 0, body: writer.finish(), what: `delete link ${link}` };
}

/** Gives a link an address with its prefix (IPv4 with its broadcast address, IPv6 without duplicate detection). */
export function addAddress(index: number, address: string, prefixLength: number): NetlinkRequest {
  return {
    type: RTM_NEWADDR,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: addressBody(index, address, prefixLength),
    what: `add address ${address}/${prefixLength} to link ${index}`,
  };
}

export function deleteAddress(index: number, address: string, prefixLength: number): NetlinkRequest {
  return {
    type: RTM_DELADDR,
    flags: 0,
    body: addressBody(index, address, prefixLength),
    what: `delete address ${address}/${prefixLength} of link ${index}`,
  };
}

/** A route through a gateway: the default route when there is no `destination`. Takes the place of an equal one. */
export function addRoute(route: {
  readonly gateway: string;
  readonly index?: number;
  readonly destination?: { readonly address: string; readonly prefixLength: number };
}): NetlinkRequest {
  const gateway = validBytes(route.gateway);
  const writer = routeBody(gateway.length, route.destination?.prefixLength ?? 0).bytes(RTA_GATEWAY, gateway);
  if (route.destination !== undefined) writer.bytes(RTA_DST, validBytes(route.destination.address));
  if (route.index !== undefined) writer.u32(RTA_OIF, route.index);
  return {
    type: RTM_NEWROUTE,
    flags: NLM_F_CREATE | NLM_F_REPLACE,
    body: writer.finish(),
    what: `add route to ${route.destination?.address ?? 'default'} via ${route.gateway}`,
  };
}

/** A default route that leads to the link itself: whoever is addressed is taken to be there. */
export function addDeviceRoute(family: 4 | 6, index: number): NetlinkRequest {
  const body = routeBody(family === 4 ? 4 : 16, 0, RT_SCOPE_LINK)
    .u32(RTA_OIF, index)
    .finish();
  return {
    type: RTM_NEWROUTE,
    flags: NLM_F_CREATE | NLM_F_REPLACE,
    body,
    what: `add default route to link ${index}`,
  };
}

/** Takes the default route of a family away. Fails with ESRCH when there is none. */
export function deleteDefaultRoute(family: 4 | 6): NetlinkRequest {
  const body = routeBody(family === 4 ? 4 : 16, 0, RT_SCOPE_NOWHERE).finish();
  return { type: RTM_DELROUTE, flags: 0, body, what: `delete the IPv${family} default route` };
}

/** `struct rtmsg` of a unicast route in the main table, for addresses of `size` bytes. */
function routeBody(size: number, prefixLength: number, scope = 0): BodyWriter {
  const head = Buffer.alloc(12);
  head[0] = size === 4 ? AF_INET : AF_INET6;
  head[1] = prefixLength;
  head[4] = RT_TABLE_MAIN;
  head[5] = RTPROT_BOOT;
  head[6] = scope;
  head[7] = RTN_UNICAST;
  return new BodyWriter(head);
}

function linkRequest(writer: BodyWriter, what: string): NetlinkRequest {
  return { type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, body: writer.finish(), what };
}

/** `struct ifinfomsg`. */
function ifinfomsg(index: number, up?: boolean): Buffer {
  const head = Buffer.alloc(16);
  head.writeInt32LE(index, 4);
  if (up !== undefined) {
    head.writeUInt32LE(up ? IFF_UP : 0, 8);
    head.writeUInt32LE(IFF_UP, 12);
  }
  return head;
}

function settingsInto(writer: BodyWriter, settings: LinkSettings): void {
  if (settings.name !== undefined) writer.text(IFLA_IFNAME, settings.name);
  if (settings.mac !== undefined) writer.bytes(IFLA_ADDRESS, macBytes(settings.mac));
  if (settings.mtu !== undefined) writer.u32(IFLA_MTU, settings.mtu);
  if (settings.master !== undefined) writer.u32(IFLA_MASTER, settings.master);
}

function addressBody(index: number, address: string, prefixLength: number): Buffer {
  const bytes = validBytes(address);
  const head = Buffer.alloc(8);
  head[0] = bytes.length === 4 ? AF_INET : AF_INET6;
  head[1] = prefixLength;
  head[2] = bytes.length === 4 ? 0 : IFA_F_NODAD;
  head.writeUInt32LE(index, 4);
  const writer = new BodyWriter(head).bytes(IFA_LOCAL, bytes).bytes(IFA_ADDRESS, bytes);
  if (bytes.length === 4 && prefixLength < 31) {
    const mask = 0xffff_ffff >>> prefixLength;
    const broadcast = Buffer.alloc(4);
    broadcast.writeUInt32BE((bytes.readUInt32BE() | mask) >>> 0);
    writer.bytes(IFA_BROADCAST, broadcast);
  }
  return writer.finish();
}

function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}

function validBytes(address: string): Buffer {
  const bytes = addressBytes(address);
  if (bytes === undefined) throw new TypeError(`not an IP address: ${address}`);
  return bytes;
}
