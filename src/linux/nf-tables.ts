import { BodyWriter, type NetlinkRequest, NLM_F_CREATE } from './netlink-message.ts';

/**
 * The few messages of nf_tables that rules inside a container's namespace need, as linux/netfilter/nf_tables.h has them.
 * Starting nft(8) there would take some 4 ms; this takes 0.1. All numbers are in network order.
 */

const SUBSYSTEM = 10;
const NEW_TABLE = 0;
const DELETE_TABLE = 2;
const NEW_CHAIN = 3;
const NEW_RULE = 6;
const NFPROTO_IPV4 = 2;
const NLM_F_APPEND = 0x800;

const HOOK_OUTPUT = 3;
const PRIORITY_DSTNAT = -100;
const REGISTER_1 = 1;
const REGISTER_2 = 2;
const NETWORK_HEADER = 1;
const TRANSPORT_HEADER = 2;
const DNAT = 1;
const IP_PROTOCOL = { udp: 17, tcp: 6 };

/** Which packets go elsewhere: those to `port` at `address` reach `toPort` at the same address. */
export interface PortRedirect {
  readonly protocol: 'udp' | 'tcp';
  /** IPv4. */
  readonly address: Uint8Array;
  readonly port: number;
  readonly toPort: number;
}

/**
 * Requests for `Netlink.transact` that put a table of this name in place of an earlier one. It redirects what processes of
 * the namespace send.
 */
export function redirectTable(table: string, redirects: readonly PortRedirect[]): NetlinkRequest[] {
  return [
    // Adding first makes the deletion work whether the table is there or not.
    request(NEW_TABLE, NLM_F_CREATE, `table ${table}`, (body) => body.text(1, table)),
    request(DELETE_TABLE, 0, `table ${table}`, (body) => body.text(1, table)),
    request(NEW_TABLE, NLM_F_CREATE, `table ${table}`, (body) => body.text(1, table)),
    request(NEW_CHAIN, NLM_F_CREATE, `chain ${table} output`, (body) =>
      body
        .text(1, table)
        .text(3, 'output')
        .nested(4, (hook) => hook.bytes(1, u32(HOOK_OUTPUT)).bytes(2, u32(PRIORITY_DSTNAT)))
        .text(7, 'nat'),
    ),
    ...redirects.map((redirect) =>
      request(NEW_RULE, NLM_F_CREATE | NLM_F_APPEND, `rule ${table} output`, (body) =>
        body
          .text(1, table)
          .text(2, 'output')
          .nested(4, (list) => expressions(list, redirect)),
      ),
    ),
  ];
}

/** `ip daddr ADDRESS ip protocol PROTOCOL th dport PORT dnat to ADDRESS:TOPORT`. */
function expressions(list: BodyWriter, { protocol, address, port, toPort }: PortRedirect): void {
  matchPayload(list, NETWORK_HEADER, 16, address);
  matchPayload(list, NETWORK_HEADER, 9, Uint8Array.of(IP_PROTOCOL[protocol]));
  matchPayload(list, TRANSPORT_HEADER, 2, u16(port));
  immediate(list, REGISTER_1, address);
  immediate(list, REGISTER_2, u16(toPort));
  expression(list, 'nat', (nat) =>
    nat.bytes(1, u32(DNAT)).bytes(2, u32(NFPROTO_IPV4)).bytes(3, u32(REGISTER_1)).bytes(5, u32(REGISTER_2)),
  );
}

/** Goes on only with packets that have these bytes at this place. */
function matchPayload(list: BodyWriter, base: number, offset: number, value: Uint8Array): void {
  expression(list, 'payload', (payload) =>
    payload.bytes(1, u32(REGISTER_1)).bytes(2, u32(base)).bytes(3, u32(offset)).bytes(4, u32(value.length)),
  );
  expression(list, 'cmp', (cmp) =>
    cmp
      .bytes(1, u32(REGISTER_1))
      .bytes(2, u32(0))
      .nested(3, (data) => data.bytes(1, value)),
  );
}

function immediate(list: BodyWriter, register: number, value: Uint8Array): void {
  expression(list, 'immediate', (body) =>
    body.bytes(1, u32(register)).nested(2, (data) => data.bytes(1, value)),
  );
}

function expression(list: BodyWriter, name: string, fill: (data: BodyWriter) => void): void {
  list.nested(1, (element) => element.text(1, name).nested(2, fill));
}

function request(
  message: number,
  flags: number,
  what: string,
  fill: (body: BodyWriter) => BodyWriter,
): NetlinkRequest {
  const header = Buffer.from([NFPROTO_IPV4, 0, 0, 0]);
  return { type: (SUBSYSTEM << 8) | message, flags, what, body: fill(new BodyWriter(header)).finish() };
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
