import { join } from 'node:path';
import type { RegistryConfig } from '../config/schema.ts';
import type { Content } from '../content/index.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { noPullThrough, type PullThrough } from './proxy.ts';

/** What the configuration says of upstreams. */
export async function openProxy(
  { root, proxy }: RegistryConfig,
  content: Content,
  metrics: Metrics,
  log: Log,
): Promise<PullThrough & AsyncDisposable> {
  if (proxy === undefined) return { ...noPullThrough, async [Symbol.asyncDispose]() {} };
  // The client of registries is for those alone who have upstreams.
  const { Cache } = await import('./cache.ts');
  const { Upstreams } = await import('./upstreams.ts');
  const options = { folder: join(root, 'downloads'), freshFor: proxy.freshFor, log, metrics };
  return new Cache(content, new Upstreams(proxy), options);
}
