import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { getXattr, listXattrs } from '../linux/index.ts';
import type { FileTime, TarEntryType } from '../tar/index.ts';
import { TAR_END, type TarEntryInit, tarHeader, tarPadding } from '../tar/index.ts';
import { lstat } from './archive-stat.ts';
import { toCPath, toPath } from './unpack/names.ts';
import { writeFully } from './unpack/tree.ts';

const BUFFER = 256 << 10;
/** A fifo that has taken the place of a file must not make the thread wait. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const NANOS = 1_000_000_000n;

/**
 * Writes files under the root of the calling thread as a tar archive, to a descriptor on which writing waits. Files may
 * change meanwhile: each entry is consistent in itself, and what vanishes is left out. All names are clean names.
 */
export class TreeWriter {
  readonly #fd: number;
  readonly #pending = Buffer.allocUnsafeSlow(BUFFER);
  #filled = 0;
  /** The first name of files that have several. */
  readonly #names = new Map<string, string>();

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Writes what is at `name`, as `as` in the archive, with everything below it. */
  tree(name: string, as: string, stats: BigIntStats): void {
    this.entry(name, as, stats);
    if (stats.isDirectory()) this.children(name, as);
  }

  /** Writes everything in the folder `name`, but not the folder itself. `as` is its place in the archive. */
  children(name: string, as: string): void {
    for (const child of childrenOf(name)) {
      const path = join(name, child);
      const stats = lstat(path);
      if (stats !== undefined)
        this.tree(path, as === '' ? child : `${as.replace(/\/$/, '')}/${child}`, stats);
    }
  }

  /** Writes one entry. Sockets have no place in an archive. */
  entry(name: string, as: string, stats: BigIntStats): void {
    if (stats.isFile()) this.#file(name, as, stats);
    else if (!stats.isSocket()) this.#other(name, as, stats);
  }

  /** Writes an entry without content that stands for nothing in the tree. */
  mark(entry: TarEntryInit): void {
    this.#write(tarHeader(entry));
  }

  /** Ends the archive. */
  end(): void {
    this.#write(TAR_END);
    this.#flush();
  }

  #file(name: string, as: string, found: BigIntStats): void {
    if (found.nlink > 1n) {
      const key = `${found.dev}:${found.ino}`;
      const first = this.#names.get(key);
      if (first !== undefined) {
        this.mark({ ...entryOf(as, found, 'link'), linkName: first });
        return;
      }
      this.#names.set(key, as);
    }
    const fd = openFile(name);
    if (fd === undefined) return;
    try {
      const stats = fstatSync(fd, { bigint: true });
      if (!stats.isFile()) return;
      const size = Number(stats.size);
      this.#write(tarHeader({ ...entryOf(as, stats, 'file'), size, xattrs: xattrsOf(name) }));
      this.#content(fd, size);
      this.#write(tarPadding(size));
    } finally {
      closeSync(fd);
    }
  }

  /** Exactly `size` bytes, as the header has said: a file that shrinks meanwhile ends in zeroes. */
  #content(fd: number, size: number): void {
    for (let left = size; left > 0; ) {
      if (this.#filled === BUFFER) this.#flush();
      const room = Math.min(left, BUFFER - this.#filled);
      let length = readSync(fd, this.#pending, this.#filled, room, null);
      if (length === 0) {
        this.#pending.fill(0, this.#filled, this.#filled + room);
        length = room;
      }
      this.#filled += length;
      left -= length;
    }
  }

  #other(name: string, as: string, stats: BigIntStats): void {
    const entry = entryOf(as, stats, typeOf(stats));
    if (entry.type === 'symlink') {
      const target = linkOf(name);
      if (target !== undefined) this.mark({ ...entry, linkName: target });
    } else {
      this.mark({ ...entry, xattrs: xattrsOf(name) });
    }
  }

  #write(bytes: Buffer): void {
    if (this.#filled + bytes.length > BUFFER) this.#flush();
    if (bytes.length > BUFFER) {
      writeFully(this.#fd, bytes);
      return;
    }
    this.#filled += bytes.copy(this.#pending, this.#filled);
  }

  #flush(): void {
    writeFully(this.#fd, this.#pending.subarray(0, this.#filled));
    this.#filled = 0;
  }
}

/** The names in a folder, in the order of their bytes; none when it has vanished. */
export function childrenOf(name: string): string[] {
  try {
    return readdirSync(toPath(name), { encoding: 'latin1' }).sort();
  } catch (error) {
    if (hasVanished(error)) return [];
    throw error;
  }
}

/** The clean name of something in a folder. */
export function join(folder: string, child: string): string {
  return folder === '' || folder.endsWith('/') ? `${folder}${child}` : `${folder}/${child}`;
}

function openFile(name: string): number | undefined {
  try {
    return openSync(toPath(name), READ);
  } catch (error) {
    if (hasVanished(error)) return undefined;
    throw error;
  }
}

function linkOf(name: string): string | undefined {
  try {
    return readlinkSync(toPath(name), 'latin1');
  } catch (error) {
    if (hasVanished(error)) return undefined;
    throw error;
  }
}

/** What a container can bring about by moving its files while they are read. */
export function hasVanished(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP', 'EINVAL', 'ENXIO'].includes((error as { code?: string }).code ?? '');
}

function entryOf(
  name: string,
  stats: BigIntStats,
  type: TarEntryType,
): TarEntryInit & { type: TarEntryType } {
  const device = type === 'char' || type === 'block' ? stats.rdev : 0n;
  return {
    name,
    type,
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtime: timeOf(stats.mtimeNs),
    major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn)),
    minor: Number((device & 0xffn) | ((device >> 12n) & 0xfff00n)),
  };
}

function typeOf(stats: BigIntStats): TarEntryType {
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  return stats.isBlockDevice() ? 'block' : 'char';
}

function timeOf(nanos: bigint): FileTime {
  const nanoseconds = ((nanos % NANOS) + NANOS) % NANOS;
  return { seconds: Number((nanos - nanoseconds) / NANOS), nanoseconds: Number(nanoseconds) };
}

/** The attributes that mean something elsewhere: capabilities, access lists and those of users. */
export function xattrsOf(name: string): Map<string, Buffer> {
  const xattrs = new Map<string, Buffer>();
  try {
    const path = toCPath(name);
    for (const key of listXattrs(path)) {
      if (isPortable(key)) xattrs.set(key, getXattr(path, key));
    }
  } catch (error) {
    const code = (error as { code?: string }).code ?? '';
    if (!hasVanished(error) && !['ENOTSUP', 'EOPNOTSUPP', 'ENODATA'].includes(code)) throw error;
  }
  return xattrs;
}

function isPortable(key: string): boolean {
  if (key.startsWith('user.')) return !key.startsWith('user.overlay.');
  return key === 'security.capability' || key.startsWith('system.posix_acl_');
}
