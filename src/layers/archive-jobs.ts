import type { PathStat } from './archive-stat.ts';
import type { Change } from './diff.ts';

/** The files of a container as its clients see them. All paths are absolute and the host's. */
export interface FileView {
  /** Where the layers are mounted together. */
  readonly rootfs: string;
  /** Files of the engine that lie over those of the layers, by the path in the container. */
  readonly files?: Readonly<Record<string, string>>;
  /**
   * What of the host is mounted over the layers, parents before children: seen by copies, no part of an export. Places for it
   * that are missing are made, as a start of the container would.
   */
  readonly mounts?: ReadonlyArray<{
    readonly source: string;
    readonly target: string;
    readonly readonly: boolean;
    /** A path in `source`, out of which nothing leads. */
    readonly subpath?: string | undefined;
  }>;
}

/** The writable layer of a container and what lies below it. All paths are absolute. */
export interface LayerPair {
  readonly upper: string;
  /** Folders of the lower layers, lowest first. */
  readonly lowers: readonly string[];
  /** Any existing folder, whose content the work does not need. */
  readonly scratch: string;
}

export interface ExtractOptions {
  /** Give the folder itself the owner, mode and attributes that the archive names for its root, instead of keeping them. */
  readonly withRoot?: boolean;
  /** Refuse to put a folder in the place of something else, and the other way round. */
  readonly keepKinds: boolean;
  /** The owner of all that is made, instead of what the archive says. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

/** What a worker thread is asked to do. `fd` is its end of the stream of an archive. */
export type ArchiveJob =
  | { readonly kind: 'stat'; readonly view: FileView; readonly path: string }
  | { readonly kind: 'read'; readonly view: FileView; readonly path: string; readonly fd: number }
  | { readonly kind: 'export'; readonly view: FileView; readonly fd: number }
  | {
      readonly kind: 'extract';
      readonly view: FileView;
      readonly path: string;
      readonly fd: number;
      readonly options: ExtractOptions;
    }
  | { readonly kind: 'copy'; readonly from: string; readonly path: string; readonly to: string }
  | { readonly kind: 'changes'; readonly layers: LayerPair }
  | { readonly kind: 'diff'; readonly layers: LayerPair; readonly fd: number };

/** What the worker says: `begun` before the first byte of an archive that it writes, then one of the others. */
export type ArchiveAnswer =
  | { readonly kind: 'begun'; readonly stat?: PathStat }
  | { readonly kind: 'done'; readonly stat?: PathStat; readonly changes?: Change[] }
  | { readonly kind: 'failed'; readonly reason: FailureReason; readonly message: string };

/** `missing` and `argument` are the fault of the request. */
export type FailureReason = 'missing' | 'argument' | 'machine';
