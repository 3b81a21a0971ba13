/**
 * The wire form of netlink(7): messages of a 16-byte header and a body, attributes of a 4-byte header and a value,
 * everything in the machine's byte order (little-endian on every architecture we run on) and padded to four bytes.
 */

const HEADER = 16;
const ATTRIBUTE_HEADER = 4;
const NLA_F_NESTED = 1 << 15;
const NLA_TYPE_MASK = 0x3fff;

/** NetlinkMessage types that every netlink family shares. */
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

/** Flags of a request. */
export const NLM_F_REQUEST = 1;
export const NLM_F_ACK = 4;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_DUMP = 0x300;

/** Flags of an answer to a request that went wrong. */
export const NLM_F_CAPPED = 0x100;
export const NLM_F_ACK_TLVS = 0x200;

/** One request before it is numbered and sent. `what` names the object in errors: `create link veth12`. */
export interface NetlinkRequest {
  readonly type: number;
  readonly flags: number;
  readonly body: Buffer;
  readonly what: string;
}

/** One message as the kernel sent it. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly body: Buffer;
}

/** Builds a body: a fixed structure first, then attributes. */
export class BodyWriter {
  #buffer: Buffer;
  #length: number;

  /** `fixed` is the family's own structure at the head of the body, such as `struct ifinfomsg`. */
  constructor(fixed: Buffer) {
    this.#buffer = Buffer.alloc(256);
    fixed.copy(this.#buffer);
    this.#length = align(fixed.length);
  }

  u8(type: number, value: number): this {
    this.#attribute(type, 1);
    this.#buffer.writeUInt8(value, this.#length - 4);
    return this;
  }

  u32(type: number, value: number): this {
    this.#attribute(type, 4);
    this.#buffer.writeUInt32LE(value, this.#length - 4);
    return this;
  }

  /** In network order, as netfilter has its numbers. */
  u32be(type: number, value: number): this {
    this.#attribute(type, 4);
    this.#buffer.writeUInt32BE(value, this.#length - 4);
    return this;
  }

  bytes(type: number, value: Uint8Array): this {
    const start = this.#attribute(type, value.length);
    this.#buffer.set(value, start);
    return this;
  }

  /** A zero-terminated string. */
  text(type: number, value: string): this {
    const start = this.#attribute(type, Buffer.byteLength(value) + 1);
    this.#buffer.write(value, start);
    return this;
  }

  /** Attributes as the kernel has sent them. */
  raw(attributes: Uint8Array): this {
    const start = this.#length;
    const end = start + align(attributes.length);
    if (end > this.#buffer.length) {
      this.#buffer = Buffer.concat([this.#buffer], Math.max(end, 2 * this.#buffer.length));
    }
    this.#buffer.set(attributes, start);
    this.#length = end;
    return this;
  }

  /** An attribute whose value is what `fill` writes. `fixed` goes before it, as in VETH_INFO_PEER. */
  nested(type: number, fill: (writer: this) => void, fixed?: Buffer): this {
    const start = this.#attribute(type | NLA_F_NESTED, fixed?.length ?? 0);
    if (fixed !== undefined) this.#buffer.set(fixed, start);
    fill(this);
    this.#buffer.writeUInt16LE(this.#length - (start - ATTRIBUTE_HEADER), start - ATTRIBUTE_HEADER);
    return this;
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Appends an attribute's header and room for its value; hands back where the value starts. */
  #attribute(type: number, size: number): number {
    const start = this.#length + ATTRIBUTE_HEADER;
    const end = this.#length + align(ATTRIBUTE_HEADER + size);
    if (end > this.#buffer.length) {
      this.#buffer = Buffer.concat([this.#buffer], Math.max(end, 2 * this.#buffer.length));
    }
    this.#buffer.writeUInt16LE(ATTRIBUTE_HEADER + size, this.#length);
    this.#buffer.writeUInt16LE(type, this.#length + 2);
    this.#length = end;
    return start;
  }
}

/** Puts requests behind one another for a single send; the first bears `sequence`, the next ones count up. */
export function encodeBatch(requests: readonly NetlinkRequest[], sequence: number): Buffer {
  const size = requests.reduce((total, request) => total + HEADER + align(request.body.length), 0);
  const batch = Buffer.alloc(size);
  let offset = 0;
  for (const [index, request] of requests.entries()) {
    batch.writeUInt32LE(HEADER + request.body.length, offset);
    batch.writeUInt16LE(request.type, offset + 4);
    batch.writeUInt16LE(request.flags | NLM_F_REQUEST, offset + 6);
    batch.writeUInt32LE(sequence + index, offset + 8);
    batch.set(request.body, offset + HEADER);
    offset += HEADER + align(request.body.length);
  }
  return batch;
}

/** Cuts what one receive brought into messages. The bodies are views of `data`. */
export function decodeMessages(data: Buffer): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  for (let offset = 0; offset + HEADER <= data.length; ) {
    const length = data.readUInt32LE(offset);
    if (length < HEADER || offset + length > data.length) break;
    messages.push({
      type: data.readUInt16LE(offset + 4),
      flags: data.readUInt16LE(offset + 6),
      sequence: data.readUInt32LE(offset + 8),
      body: data.subarray(offset + HEADER, offset + length),
    });
    offset += align(length);
  }
  return messages;
}

/** The attributes in `data`, by type. A type that comes twice keeps the last. */
export function decodeAttributes(data: Buffer): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  for (let offset = 0; offset + ATTRIBUTE_HEADER <= data.length; ) {
    const length = data.readUInt16LE(offset);
    if (length < ATTRIBUTE_HEADER || offset + length > data.length) break;
    const type = data.readUInt16LE(offset + 2) & NLA_TYPE_MASK;
    attributes.set(type, data.subarray(offset + ATTRIBUTE_HEADER, offset + length));
    offset += align(length);
  }
  return attributes;
}

/** A zero-terminated string from an attribute. */
export function decodeText(value: Buffer | undefined): string {
  if (value === undefined) return '';
  const end = value.indexOf(0);
  return value.toString('utf8', 0, end < 0 ? value.length : end);
}

function align(size: number): number {
  return (size + 3) & ~3;
}
