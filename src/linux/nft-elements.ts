import { addressBytes } from './netlink-address.ts';
import { BodyWriter, type NetlinkRequest, NLM_F_CREATE } from './netlink-message.ts';

/**
 * Elements of nftables' sets and maps, changed over netlink: some microseconds each, where starting nft(8) takes
 * milliseconds and grows with what is in the table. The forms are those of linux/netfilter/nf_tables.h; numbers are in
 * network order.
 */

const NFNL_SUBSYS_NFTABLES = 10;
const NFT_MSG_NEWSETELEM = (NFNL_SUBSYS_NFTABLES << 8) | 12;
const NFT_MSG_DELSETELEM = (NFNL_SUBSYS_NFTABLES << 8) | 14;
const NFPROTO_INET = 1;

const NFTA_SET_ELEM_LIST_TABLE = 1;
const NFTA_SET_ELEM_LIST_SET = 2;
const NFTA_SET_ELEM_LIST_ELEMENTS = 3;
const NFTA_LIST_ELEM = 1;
const NFTA_SET_ELEM_KEY = 1;
const NFTA_SET_ELEM_DATA = 2;
const NFTA_DATA_VALUE = 1;
const NFTA_DATA_VERDICT = 2;
const NFTA_VERDICT_CODE = 1;
const NFTA_VERDICT_CHAIN = 2;
const NFT_GOTO = -4 >>> 0;

const IFNAMSIZ = 16;
/** An attribute holds at most 64 KiB; an element takes less than 128 bytes. */
const ELEMENTS_PER_MESSAGE = 400;

/** One part of a key or a value. Several make a concatenation, as `.` does in nft's language. */
export type NftPart =
  | { readonly ifname: string }
  | { readonly address: string }
  | { readonly port: number }
  | { readonly protocol: number };

/** An element: of a set without a value, of a map with data or with the chain to go to. */
export interface NftElement {
  readonly key: readonly NftPart[];
  readonly data?: readonly NftPart[];
  readonly goto?: string;
}

/** A change of one set's or map's elements. */
export interface NftChange {
  readonly action: 'add' | 'delete';
  readonly set: string;
  readonly elements: readonly NftElement[];
}

/**
 * The requests for changes of an `inet` table, to be handed to `Netlink.transact`. Adding fails with EEXIST where an element
 * is there with other data, deleting with ENOENT where there is none.
 */
export function changeElements(table: string, changes: readonly NftChange[]): NetlinkRequest[] {
  return changes.flatMap(({ action, set, elements }) =>
    pieces(elements).map((piece) => elementMessage(table, action, set, piece)),
  );
}

function elementMessage(
  table: string,
  action: NftChange['action'],
  set: string,
  elements: readonly NftElement[],
): NetlinkRequest {
  const body = new BodyWriter(Buffer.from([NFPROTO_INET, 0, 0, 0]))
    .text(NFTA_SET_ELEM_LIST_TABLE, table)
    .text(NFTA_SET_ELEM_LIST_SET, set)
    .nested(NFTA_SET_ELEM_LIST_ELEMENTS, (list) => {
      for (const element of elements) list.nested(NFTA_LIST_ELEM, (it) => void elementInto(it, element));
    })
    .finish();
  return {
    type: action === 'add' ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
    flags: action === 'add' ? NLM_F_CREATE : 0,
    body,
    what: `${action} elements of ${set} in nft table ${table}`,
  };
}

function elementInto(writer: BodyWriter, { key, data, goto }: NftElement): void {
  writer.nested(NFTA_SET_ELEM_KEY, (it) => it.bytes(NFTA_DATA_VALUE, concatenate(key)));
  if (data !== undefined) {
    writer.nested(NFTA_SET_ELEM_DATA, (it) => it.bytes(NFTA_DATA_VALUE, concatenate(data)));
  }
  if (goto !== undefined) {
    writer.nested(NFTA_SET_ELEM_DATA, (it) =>
      it.nested(NFTA_DATA_VERDICT, (verdict) =>
        verdict.u32be(NFTA_VERDICT_CODE, NFT_GOTO).text(NFTA_VERDICT_CHAIN, goto),
      ),
    );
  }
}

/** Each part is filled up to four bytes. */
function concatenate(parts: readonly NftPart[]): Buffer {
  return Buffer.concat(parts.map(partBytes));
}

function partBytes(part: NftPart): Buffer {
  if ('address' in part) return addressBytes(part.address)!;
  if ('protocol' in part) return Buffer.from([part.protocol, 0, 0, 0]);
  if ('port' in part) return Buffer.from([part.port >> 8, part.port & 0xff, 0, 0]);
  const name = Buffer.alloc(IFNAMSIZ);
  name.write(part.ifname, 0, IFNAMSIZ - 1);
  return name;
}

function pieces(elements: readonly NftElement[]): NftElement[][] {
  const count = Math.ceil(elements.length / ELEMENTS_PER_MESSAGE);
  return Array.from({ length: count }, (_, index) =>
    elements.slice(index * ELEMENTS_PER_MESSAGE, (index + 1) * ELEMENTS_PER_MESSAGE),
  );
}
