import { ANONYMOUS_LABEL } from '../../api/index.ts';

/** The only driver. */
export const LOCAL_DRIVER = 'local';

/** What a user asked for. */
export interface VolumeRecord {
  readonly name: string;
  /** RFC 3339. */
  readonly created: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of the driver: `type`, `device` and `o` of a file system to mount; none for a folder of the engine's. */
  readonly options: Readonly<Record<string, string>>;
}

/**
 * Where a volume is in its life. One that is `making` belongs to something that is not in a record yet, a container or an
 * archive: an engine that finds it at its start removes it. So it does with one that is `removing`.
 */
export type Phase = 'making' | 'ready' | 'removing';

/** Whether nobody gave it a name: such volumes go with `rm -v` and with `volume prune`. */
export function isAnonymous({ labels }: VolumeRecord): boolean {
  return Object.hasOwn(labels, ANONYMOUS_LABEL);
}

/** Whether its files are on a file system that is mounted while it is used. */
export function isMounted({ options }: VolumeRecord): boolean {
  return Object.keys(options).length > 0;
}
