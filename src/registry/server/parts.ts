import type { Access } from './auth/access.ts';
import type { Content } from './content/index.ts';
import type { Metrics } from './metrics.ts';
import type { PullThrough } from './proxy/proxy.ts';

/** What routes work with. */
export interface RegistryParts {
  readonly content: Content;
  readonly access: Access;
  readonly proxy: PullThrough;
  readonly metrics: Metrics;
}
