import type { Digest } from '../../../layers/index.ts';
import type { RegistryClient } from '../../../registry/index.ts';
import type { SharedJobs } from '../../shared-jobs.ts';
import type { Slots } from '../../slots.ts';
import type { ImageParts } from '../parts.ts';

/** What pushing works with. */
export interface PushParts extends ImageParts {
  readonly registry: RegistryClient;
  readonly uploads: Slots;
  /** Images that are being packed, by their ID. */
  readonly packing: SharedJobs<Digest, never, void>;
  readonly attempts: () => number;
}
