import type { SizeLimits } from '../compression.ts';

/** What one archive may do to the machine that unpacks it. */
export interface UnpackLimits extends SizeLimits {
  /** Entries of any kind. */
  entries: number;
  /** Device nodes. A full /dev has a few hundred. */
  devices: number;
  /** Bytes of the names of folders, all of which are remembered until the end. */
  folderNames: number;
}

/**
 * Far above what images need, far below what hurts. The ratio is met by no real layer of more than 256 MiB, while
 * zeroes alone reach 1,000 with gzip and 30,000 with zstd.
 */
export const UNPACK_LIMITS: UnpackLimits = {
  size: 128 * 2 ** 30,
  ratio: 400,
  ratioFloor: 256 * 2 ** 20,
  entries: 1_000_000,
  devices: 1024,
  folderNames: 64 * 2 ** 20,
};
