import type { Digest } from '../digest.ts';
import type { UnpackLimits } from './limits.ts';

/** Asks a worker to unpack a layer archive (compressed or not) into an empty folder. */
export interface UnpackJob {
  kind: 'unpack';
  archive: string;
  /** Set when the archive still grows: see `GrowingFile`. */
  growth?: SharedArrayBuffer | undefined;
  folder: string;
  limits: UnpackLimits;
}

/** Asks a worker to delete a folder with everything in it. */
export interface RemoveJob {
  kind: 'remove';
  folder: string;
}

export type Job = UnpackJob | RemoveJob;

/** What unpacking gives. */
export interface UnpackResult {
  /** Digest of the archive without its compression: the layer's diff ID. */
  diffId: Digest;
  /** Bytes of content of all regular files. */
  size: number;
  entries: number;
}

/** A worker's answer to one job. Errors travel as their class's name and text. */
export type JobAnswer =
  | { ok: true; result: UnpackResult | undefined }
  | { ok: false; fault: 'archive' | 'machine'; message: string };
