import type { Packet } from 'dns-packet';
import { addressBytes } from '../../linux/index.ts';

/** RFC 1035 4.1.1, the second word of the header. */
const RESPONSE = 0x8000;
const AUTHORITATIVE = 0x0400;
const TRUNCATED = 0x0200;
const RECURSION_DESIRED = 0x0100;
const RECURSION_AVAILABLE = 0x0080;

const CODES = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NOTIMP: 4, REFUSED: 5 };
const TYPES = { A: 1, PTR: 12, AAAA: 28, OPT: 41 };
const CLASS_IN = 1;
const HEADER = 12;
/** A name that stands at the end of the header, where the question is: RFC 1035 4.1.4. */
const QUESTION_NAME = 0xc000 | HEADER;
const POINTER = 0xc0;
/** Type and class. */
const QUESTION = 4;
/** Type, class, time to live and length of a record. */
const RECORD = 10;
/** Changes are to be seen at once, so nothing may be kept. */
const TTL = 0;

/** RFC 1035 4.2.1; more only for those that say so with EDNS. */
const PLAIN_UDP_SIZE = 512;
const TCP_SIZE = 0xffff;
/** What every path carries without fragments, by the agreement of the DNS flag day 2020. */
const OWN_UDP_SIZE = 1232;
/** A root name, then the record. */
const OPTIONS_SIZE = 1 + RECORD;

export type ResponseCode = keyof typeof CODES;

/** An answer about the name that was asked for. */
export interface LocalAnswer {
  readonly type: 'A' | 'AAAA' | 'PTR';
  /** An address, or for PTR a name. */
  readonly data: string;
}

/**
 * A response in wire form. Over UDP it has as many answers as fit, and says when there are more. Written by hand: dns-packet
 * takes ten times as long, and repeats the name in each answer, so that fewer fit.
 */
export function encodeResponse(
  message: Buffer,
  query: Packet,
  transport: 'udp' | 'tcp',
  answers: readonly LocalAnswer[],
  code: ResponseCode = 'NOERROR',
): Buffer {
  const edns = query.additionals?.find((record) => record.type === 'OPT');
  const limit =
    transport === 'tcp' ? TCP_SIZE : Math.max(PLAIN_UDP_SIZE, edns === undefined ? 0 : edns.udpPayloadSize);
  const question = message.subarray(HEADER, endOfQuestion(message, query));
  const tail = edns === undefined ? 0 : OPTIONS_SIZE;
  const all = answers.map(encodeData);
  let size = HEADER + question.length + tail;
  let count = 0;
  for (const data of all) {
    if (size + 2 + RECORD + data.length > limit) break;
    size += 2 + RECORD + data.length;
    count++;
  }
  const response = Buffer.allocUnsafe(size);
  const asked = (query.flags ?? 0) & RECURSION_DESIRED;
  const authority = code === 'NOERROR' ? AUTHORITATIVE : 0;
  const cut = count < all.length ? TRUNCATED : 0;
  response.writeUInt16BE(message.readUInt16BE(0), 0);
  response.writeUInt16BE(RESPONSE | RECURSION_AVAILABLE | asked | authority | cut | CODES[code], 2);
  response.writeUInt16BE(question.length > 0 ? 1 : 0, 4);
  response.writeUInt16BE(count, 6);
  response.writeUInt16BE(0, 8);
  response.writeUInt16BE(edns === undefined ? 0 : 1, 10);
  question.copy(response, HEADER);
  let offset = HEADER + question.length;
  for (const [index, data] of all.slice(0, count).entries()) {
    response.writeUInt16BE(QUESTION_NAME, offset);
    offset = writeRecord(response, offset + 2, TYPES[answers[index]!.type], CLASS_IN, data);
  }
  if (edns !== undefined) {
    response.writeUInt8(0, offset);
    writeRecord(response, offset + 1, TYPES.OPT, OWN_UDP_SIZE, Buffer.alloc(0));
  }
  return response;
}

function writeRecord(target: Buffer, start: number, type: number, klass: number, data: Buffer): number {
  target.writeUInt16BE(type, start);
  target.writeUInt16BE(klass, start + 2);
  target.writeUInt32BE(TTL, start + 4);
  target.writeUInt16BE(data.length, start + 8);
  data.copy(target, start + RECORD);
  return start + RECORD + data.length;
}

/** Where the one question of a query ends; at its beginning when it could not be read. */
function endOfQuestion(message: Buffer, { questions = [] }: Packet): number {
  if (questions.length === 0) return HEADER;
  let offset = HEADER;
  for (let length = message[offset]!; length > 0; length = message[offset] ?? 0) {
    // A name may end with a pointer, which has two bytes.
    if (length >= POINTER) return Math.min(message.length, offset + 2 + QUESTION);
    offset += 1 + length;
  }
  return Math.min(message.length, offset + 1 + QUESTION);
}

function encodeData({ type, data }: LocalAnswer): Buffer {
  if (type !== 'PTR') return addressBytes(data)!;
  const labels = data.split('.').map((label) => Buffer.from(label));
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), label]),
    Buffer.from([0]),
  ]);
}
