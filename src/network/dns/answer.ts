import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  encode,
  type Packet,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import type { Found, Names } from './names.ts';
import { reversedAddress } from './reverse.ts';

/** What a container may know of names. */
export interface DnsView {
  /** IDs of the networks that it is in, the preferred one first. */
  readonly networks: readonly string[];
  /** Names that this container alone has for others, as `--link` gives them. */
  readonly links: ReadonlyMap<string, string>;
  /** Whether names without a dot are the container's search list's business, because `ndots` says so. */
  readonly searchesFirst: boolean;
}

export type ResponseCode = 'NOERROR' | 'FORMERR' | 'SERVFAIL' | 'NOTIMP' | 'REFUSED';

const CODES: Record<ResponseCode, number> = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NOTIMP: 4, REFUSED: 5 };
/** Changes are to be seen at once, so nothing may be kept. */
const TTL = 0;
/** RFC 1035 4.2.1; more only for those that say so with EDNS. */
const PLAIN_UDP_SIZE = 512;
/** What every path carries without fragments, by the agreement of the DNS flag day 2020. */
const OWN_UDP_SIZE = 1232;

/**
 * The answers that the containers' own names give to a query, or undefined when it is for somebody else. A name that is
 * known has an answer for every type, if only an empty one: other servers shall not say that it does not exist.
 */
export function localAnswers(query: Packet, view: DnsView, names: Names): Answer[] | undefined {
  const question = query.questions?.[0];
  if (question === undefined || (question.class ?? 'IN') !== 'IN') return undefined;
  const { name, type } = question;
  if (type === 'PTR') {
    const address = reversedAddress(name);
    const host = address === undefined ? undefined : names.nameOf(address, view.networks);
    return host === undefined ? undefined : [{ type: 'PTR', name, ttl: TTL, data: host }];
  }
  const found = find(name, view, names);
  if (found !== undefined) {
    if (type === 'A') return shuffled(found.ipv4).map((data) => ({ type: 'A', name, ttl: TTL, data }));
    if (type === 'AAAA') return shuffled(found.ipv6).map((data) => ({ type: 'AAAA', name, ttl: TTL, data }));
    return [];
  }
  const single = !name.replace(/\.$/, '').includes('.');
  return single && view.searchesFirst && (type === 'A' || type === 'AAAA') ? [] : undefined;
}

/** A response in wire form. Over UDP it has as many answers as fit, and says when there are more. */
export function encodeResponse(
  query: Packet,
  transport: 'udp' | 'tcp',
  answers: readonly Answer[],
  code: ResponseCode = 'NOERROR',
): Buffer {
  const edns = query.additionals?.find((record) => record.type === 'OPT');
  const limit = transport === 'tcp' ? 0xffff : Math.max(PLAIN_UDP_SIZE, edns?.udpPayloadSize ?? 0);
  const respond = (kept: readonly Answer[], flags: number) =>
    encode({
      type: 'response',
      id: query.id ?? 0,
      flags: flags | RECURSION_AVAILABLE | ((query.flags ?? 0) & RECURSION_DESIRED) | CODES[code],
      questions: query.questions ?? [],
      answers: [...kept],
      additionals: edns === undefined ? [] : [ownOptions()],
    });
  const authority = code === 'NOERROR' ? AUTHORITATIVE_ANSWER : 0;
  for (let kept = answers.length; ; kept = Math.floor(kept * 0.8)) {
    const flags = authority | (kept < answers.length ? TRUNCATED_RESPONSE : 0);
    const response = respond(answers.slice(0, kept), flags);
    if (response.length <= limit || kept === 0) return response;
  }
}

function ownOptions(): Answer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: OWN_UDP_SIZE,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
}

function find(name: string, view: DnsView, names: Names): Found | undefined {
  const linked = view.links.get(name.toLowerCase().replace(/\.$/, ''));
  return names.find(linked ?? name, view.networks);
}

/** Clients take the first address, so the order spreads them over those who share a name. */
function shuffled(addresses: readonly string[]): string[] {
  const result = [...addresses];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [result[last], result[other]] = [result[other]!, result[last]!];
  }
  return result;
}
