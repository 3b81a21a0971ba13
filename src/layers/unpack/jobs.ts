import type { Digest } from '../digest.ts';
import type { UnpackLimits } from './limits.ts';
import type { TreeSummary } from './summary.ts';

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

/** Asks a worker what is in a folder. */
export interface SummariseJob {
  kind: 'summarise';
  folder: string;
}

export type Job = UnpackJob | RemoveJob | SummariseJob;

/** What unpacking gives. */
export interface UnpackResult {
  /** Digest of the archive without its compression: the layer's diff ID. */
  diffId: Digest;
  /** Bytes of content of all regular files. */
  size: number;
  /** What has come of it on disk. */
  tree: TreeSummary;
}

/** What a job gives, by its kind. */
export interface JobResults {
  unpack: UnpackResult;
  summarise: TreeSummary;
  remove: undefined;
}

export type JobResult = JobResults[Job['kind']];

/** A worker's answer to one job. Errors travel as their class's name and text. */
export type JobAnswer =
  | { ok: true; result: JobResult }
  | { ok: false; fault: 'archive' | 'machine'; message: string };
