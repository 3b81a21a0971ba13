import type { Readable } from 'node:stream';

/** First and last byte, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface Entry {
  /** One part of a key, without slashes. */
  readonly name: string;
  /** Whether there are keys below it. */
  readonly isFolder: boolean;
}

export interface ObjectStat {
  readonly size: number;
  readonly modified: Date;
}

/**
 * Where a registry keeps what is complete: bytes under keys such as `a/b/c`, each part of which is a valid file name. A key
 * is there with all its bytes or not at all, whoever reads while it is written, and what was written is durable when the
 * call returns. Unfinished uploads are not here; see `Uploads`.
 */
export interface Storage {
  /** What it is, for people. */
  readonly description: string;

  /** The bytes of a small object; undefined when there is none. Throws when it has more than `limit` bytes. */
  read(key: string, limit: number): Promise<Buffer | undefined>;

  /** Writes a small object, in place of what is there. */
  write(key: string, bytes: Uint8Array): Promise<void>;

  /** Takes over a complete local file, in place of what is there; the file is gone afterwards. */
  adopt(file: string, key: string): Promise<void>;

  stat(key: string): Promise<ObjectStat | undefined>;

  /** The bytes of an object or a part of it, which must be inside. Rejects when there is none; destroy it to stop early. */
  stream(key: string, range: ByteRange): Promise<Readable>;

  /** What lies directly under a key, sorted by name (in order of code units); nothing when there is nothing. */
  list(key: string): Promise<Entry[]>;

  /** Removes one object. A missing one is no error. */
  remove(key: string): Promise<void>;

  /** Removes all objects under a key. */
  removeAll(key: string): Promise<void>;

  close(): Promise<void>;
}

/** Sorts as `Storage.list` promises. */
export function byName(a: Entry, b: Entry): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
