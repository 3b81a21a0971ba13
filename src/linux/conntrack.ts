import type { Netlink } from './netlink.ts';
import { BodyWriter, decodeAttributes, type NetlinkRequest, NLM_F_DUMP } from './netlink-message.ts';

/** Connection tracking over netlink, see linux/netfilter/nfnetlink_conntrack.h. Numbers are in network order. */

const NFNL_SUBSYS_CTNETLINK = 1;
const IPCTNL_MSG_CT_GET = (NFNL_SUBSYS_CTNETLINK << 8) | 1;
const IPCTNL_MSG_CT_DELETE = (NFNL_SUBSYS_CTNETLINK << 8) | 2;
const CTA_TUPLE_ORIG = 1;
const CTA_TUPLE_PROTO = 2;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_DST_PORT = 3;
const HEAD = 4;

/**
 * Forgets the flows that were first sent to one of these ports, so that their next packet is looked at as if it were the
 * first. `netlink` is one of netfilter's. Throws SyscallError.
 */
export function forgetFlows(netlink: Netlink, protocol: number, ports: ReadonlySet<number>): void {
  const request = {
    type: IPCTNL_MSG_CT_GET,
    flags: NLM_F_DUMP,
    body: Buffer.alloc(HEAD),
    what: 'list connections',
  };
  for (const { body } of netlink.query(request)) {
    const tuple = decodeAttributes(body.subarray(HEAD)).get(CTA_TUPLE_ORIG);
    if (tuple === undefined) continue;
    const proto = decodeAttributes(decodeAttributes(tuple).get(CTA_TUPLE_PROTO) ?? Buffer.alloc(0));
    const port = proto.get(CTA_PROTO_DST_PORT)?.readUInt16BE();
    if (proto.get(CTA_PROTO_NUM)?.[0] !== protocol || port === undefined || !ports.has(port)) continue;
    forget(netlink, body[0]!, tuple);
  }
}

function forget(netlink: Netlink, family: number, tuple: Buffer): void {
  const head = Buffer.alloc(HEAD);
  head[0] = family;
  const body = new BodyWriter(head).nested(CTA_TUPLE_ORIG, (it) => it.raw(tuple)).finish();
  const request: NetlinkRequest = {
    type: IPCTNL_MSG_CT_DELETE,
    flags: 0,
    body,
    what: 'forget a connection',
  };
  try {
    netlink.send(request);
  } catch (error) {
    // It has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
