import type { VolumeWish } from '../../volumes/index.ts';
import type { MountPoint } from './point.ts';

/** A mount that a user asks for, before anything is made for it. */
export interface WantedMount {
  /** The name of a volume without one is still empty, and so are the source of a volume and the ID of an image. */
  readonly point: MountPoint;
  /** The volume to be made or found; none where it is there already. */
  readonly wish?: VolumeWish | undefined;
}
