import type { PastCollection } from '../gc/collector.ts';

/** What a registry says of itself. */
export interface RegistryStatus {
  readonly version: string;
  readonly pid: number;
  readonly urls: readonly string[];
  readonly storage: string;
  readonly startedAt: Date;
  readonly repositories: number;
  readonly uploads: number;
  readonly requests: number;
  readonly lastCollection: PastCollection | undefined;
}
