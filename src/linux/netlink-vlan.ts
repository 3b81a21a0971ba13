import { BodyWriter, type NetlinkRequest, NLM_F_CREATE, NLM_F_EXCL } from './netlink-message.ts';

/** Links on top of another link: macvlan, ipvlan and VLANs, see linux/if_link.h. */

const RTM_NEWLINK = 16;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_LINKINFO = 18;
const IFLA_NET_NS_FD = 28;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_MACVLAN_MODE = 1;
const IFLA_IPVLAN_MODE = 1;
const IFLA_IPVLAN_FLAGS = 2;
const IFLA_VLAN_ID = 1;

export const MACVLAN_MODES = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;
export const IPVLAN_MODES = { l2: 0, l3: 1, l3s: 2 } as const;
export const IPVLAN_FLAGS = { bridge: 0, private: 1, vepa: 2 } as const;

export interface StackedLink {
  readonly name: string;
  /** Index of the link below. */
  readonly parent: number;
  /** An open network namespace to make it in. */
  readonly netns: number;
  /** 0: that of the link below. */
  readonly mtu: number;
}

/** A link with a hardware address of its own on top of another. Fails with EEXIST, EBUSY. */
export function createMacvlan(
  link: StackedLink & { readonly mac: string; readonly mode: keyof typeof MACVLAN_MODES },
): NetlinkRequest {
  const writer = stacked(link).bytes(IFLA_ADDRESS, Buffer.from(link.mac.replaceAll(':', ''), 'hex'));
  return finished(writer, 'macvlan', link.name, (data) =>
    data.u32(IFLA_MACVLAN_MODE, MACVLAN_MODES[link.mode]),
  );
}

/** A link that shares the hardware address of the one below. Fails with EEXIST, EOPNOTSUPP without such a driver. */
export function createIpvlan(
  link: StackedLink & {
    readonly mode: keyof typeof IPVLAN_MODES;
    readonly flag: keyof typeof IPVLAN_FLAGS;
  },
): NetlinkRequest {
  return finished(stacked(link), 'ipvlan', link.name, (data) =>
    data
      .bytes(IFLA_IPVLAN_MODE, u16(IPVLAN_MODES[link.mode]))
      .bytes(IFLA_IPVLAN_FLAGS, u16(IPVLAN_FLAGS[link.flag])),
  );
}

/** A tagged VLAN on top of another link, in the socket's own namespace. Fails with EEXIST, EOPNOTSUPP. */
export function createVlan(name: string, parent: number, id: number): NetlinkRequest {
  const writer = new BodyWriter(Buffer.alloc(16)).text(IFLA_IFNAME, name).u32(IFLA_LINK, parent);
  return finished(writer, 'vlan', name, (data) => data.bytes(IFLA_VLAN_ID, u16(id)));
}

function stacked({ name, parent, netns, mtu }: StackedLink): BodyWriter {
  const writer = new BodyWriter(Buffer.alloc(16))
    .text(IFLA_IFNAME, name)
    .u32(IFLA_LINK, parent)
    .u32(IFLA_NET_NS_FD, netns);
  return mtu > 0 ? writer.u32(IFLA_MTU, mtu) : writer;
}

function finished(
  writer: BodyWriter,
  kind: string,
  name: string,
  fill: (data: BodyWriter) => void,
): NetlinkRequest {
  writer.nested(IFLA_LINKINFO, (info) => info.text(IFLA_INFO_KIND, kind).nested(IFLA_INFO_DATA, fill));
  return {
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: writer.finish(),
    what: `create ${kind} ${name}`,
  };
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}
