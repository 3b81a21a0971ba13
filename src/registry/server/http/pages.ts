import { RegistryError } from '../errors.ts';
import type { Exchange } from './exchange.ts';

/** A part of a sorted list, and whether there is more. */
export interface Page {
  readonly names: readonly string[];
  readonly isLast: boolean;
}

/** How many entries the client wants: `n`; undefined when it does not say. Throws PAGINATION_NUMBER_INVALID. */
export function wantedCount(exchange: Exchange): number | undefined {
  const text = exchange.query.get('n');
  if (text === null) return undefined;
  const count = Number(text);
  if (/^\d{1,9}$/.test(text)) return count;
  throw new RegistryError(
    'PAGINATION_NUMBER_INVALID',
    `n is "${text.slice(0, 40)}": a whole number is expected`,
    {
      detail: { n: text.slice(0, 40) },
    },
  );
}

/** Takes at most `count` names of a sequence that goes on where `last` was. */
export async function takePage(
  names: Iterable<string> | AsyncIterable<string>,
  count: number,
): Promise<Page> {
  const taken: string[] = [];
  for await (const name of names) {
    if (taken.length === count) return { names: taken, isLast: false };
    taken.push(name);
  }
  return { names: taken, isLast: true };
}

/** The `Link` header that leads to the next page; none after the last one. */
export function nextLink(path: string, page: Page, count: number): Record<string, string> {
  const last = page.names.at(-1);
  if (page.isLast || last === undefined) return {};
  return { Link: `<${path}?${new URLSearchParams({ n: String(count), last })}>; rel="next"` };
}
