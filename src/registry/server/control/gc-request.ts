import { InvalidArgument, parseDuration } from '../../../api/index.ts';
import type { CollectOptions } from '../gc/collect.ts';

/** What a request asks a collection to do differently from the configuration. Throws InvalidArgument. */
export function parseGcRequest(query: URLSearchParams): Partial<CollectOptions> {
  const grace = query.get('grace');
  return {
    ...(grace === null ? {} : { grace: milliseconds(grace) }),
    ...(query.get('untagged') === 'true' ? { untagged: true } : {}),
  };
}

function milliseconds(text: string): number {
  const nanos = parseDuration(text);
  if (nanos !== undefined && nanos >= 0n) return Number(nanos / 1_000_000n);
  throw new InvalidArgument(`invalid grace period "${text}": a duration such as 1h30m is expected`);
}
