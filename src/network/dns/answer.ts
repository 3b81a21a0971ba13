import type { Packet } from 'dns-packet';
import type { Found, Names } from './names.ts';
import type { LocalAnswer } from './response.ts';
import { reversedAddress } from './reverse.ts';

/** What a container may know of names. */
export interface DnsView {
  /** IDs of the networks that it is in, the preferred one first. */
  readonly networks: readonly string[];
  /** Names that this container alone has for others, as `--link` gives them. */
  readonly links: ReadonlyMap<string, string>;
  /** Tells whether names without a dot are the container's search list's business, because `ndots` says so. */
  readonly searchesFirst: () => boolean;
}

/**
 * The answers that the containers' own names give to a query, or undefined when it is for somebody else. A name that is
 * known has an answer for every type, if only an empty one: other servers shall not say that it does not exist.
 */
export function localAnswers(query: Packet, view: DnsView, names: Names): LocalAnswer[] | undefined {
  const question = query.questions?.[0];
  if (question === undefined || (question.class ?? 'IN') !== 'IN') return undefined;
  const { name, type } = question;
  if (type === 'PTR') {
    const address = reversedAddress(name);
    const host = address === undefined ? undefined : names.nameOf(address, view.networks);
    return host === undefined ? undefined : [{ type: 'PTR', data: host }];
  }
  const found = find(name, view, names);
  if (found !== undefined) {
    if (type === 'A') return shuffled(found.ipv4).map((data) => ({ type, data }));
    if (type === 'AAAA') return shuffled(found.ipv6).map((data) => ({ type, data }));
    return [];
  }
  const single = (type === 'A' || type === 'AAAA') && !name.replace(/\.$/, '').includes('.');
  return single && view.searchesFirst() ? [] : undefined;
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
