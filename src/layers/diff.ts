import type { BigIntStats } from 'node:fs';
import { getXattr } from '../linux/index.ts';
import { decodeName } from '../tar/index.ts';
import { lstat } from './archive-stat.ts';
import { childrenOf, join, type TreeWriter } from './archive-tar.ts';
import { toCPath } from './unpack/names.ts';

/** What became of a path: Docker's numbers. */
export const MODIFIED = 0;
export const ADDED = 1;
export const DELETED = 2;

export interface Change {
  readonly kind: typeof MODIFIED | typeof ADDED | typeof DELETED;
  /** From the root of the container. */
  readonly path: string;
}

const S_IFMT = 0o170000n;

/** What the runtime makes in the writable layer to mount something there. It is nobody's change. */
const MOUNT_POINTS = new Set([
  'dev',
  'dev/console',
  'dev/mqueue',
  'dev/pts',
  'dev/shm',
  'etc',
  'etc/hostname',
  'etc/hosts',
  'etc/resolv.conf',
  'proc',
  'sys',
]);

/**
 * The writable layer of a container, at `/upper` in the root of the calling thread, beside the layers below it, at
 * `/lower`. The first may change meanwhile, the second never does.
 */
export class LayerDiff {
  /** Every path that differs, as Docker lists them: with all folders on the way, each before what is in it. */
  changes(): Change[] {
    return this.#changesIn('', true);
  }

  /** Writes the writable layer as an archive by the OCI image specification (layer.md). */
  write(writer: TreeWriter): void {
    this.#write(writer, '', true);
    writer.end();
  }

  #changesIn(folder: string, inLower: boolean): Change[] {
    const names = childrenOf(join('upper', folder));
    const changes = names.flatMap((child) => this.#changesAt(join(folder, child), inLower));
    if (!inLower || !isOpaque(folder)) return changes;
    const kept = new Set(names);
    for (const child of childrenOf(join('lower', folder))) {
      if (!kept.has(child)) changes.push(change(DELETED, join(folder, child)));
    }
    return changes;
  }

  #changesAt(name: string, inLower: boolean): Change[] {
    const stats = lstat(join('upper', name));
    if (stats === undefined) return [];
    const below = inLower ? lstat(join('lower', name)) : undefined;
    if (isWhiteout(stats)) return below === undefined ? [] : [change(DELETED, name)];
    const inside = stats.isDirectory() ? this.#changesIn(name, below?.isDirectory() ?? false) : [];
    if (below === undefined) {
      return inside.length === 0 && isMountPoint(name, stats) ? [] : [change(ADDED, name), ...inside];
    }
    return inside.length === 0 && !differs(stats, below) ? [] : [change(MODIFIED, name), ...inside];
  }

  #write(writer: TreeWriter, folder: string, inLower: boolean): void {
    for (const child of childrenOf(join('upper', folder))) {
      const name = join(folder, child);
      const path = join('upper', name);
      const stats = lstat(path);
      if (stats === undefined) continue;
      const below = inLower ? lstat(join('lower', name)) : undefined;
      if (isWhiteout(stats)) {
        if (below !== undefined) writer.mark({ name: join(folder, `.wh.${child}`) });
      } else if (!stats.isDirectory()) {
        if (below !== undefined || !isMountPoint(name, stats)) writer.entry(path, name, stats);
      } else if (this.#isWorthWriting(name, stats, below)) {
        const merges = below?.isDirectory() ?? false;
        writer.entry(path, name, stats);
        if (merges && isOpaque(name)) writer.mark({ name: join(name, '.wh..wh..opq') });
        this.#write(writer, name, merges);
      }
    }
  }

  /** Folders that came into the layer only because the runtime had to mount something in them are left out. */
  #isWorthWriting(name: string, stats: BigIntStats, below: BigIntStats | undefined): boolean {
    if (!MOUNT_POINTS.has(name)) return true;
    if (below !== undefined && differs(stats, below)) return true;
    return this.#changesIn(name, below?.isDirectory() ?? false).length > 0;
  }
}

function change(kind: Change['kind'], name: string): Change {
  return { kind, path: `/${decodeName(name)}` };
}

/** overlayfs's mark for a file that is gone: a character device 0:0. */
function isWhiteout(stats: BigIntStats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0n;
}

/** Whether a folder of the writable layer hides what lower layers have in it. */
function isOpaque(name: string): boolean {
  try {
    return getXattr(toCPath(join('upper', name)), 'trusted.overlay.opaque').toString() === 'y';
  } catch {
    return false;
  }
}

function isMountPoint(name: string, stats: BigIntStats): boolean {
  return MOUNT_POINTS.has(name) && (stats.isDirectory() || (stats.isFile() && stats.size === 0n));
}

/** Docker's rule: times and sizes of folders say nothing. */
function differs(stats: BigIntStats, below: BigIntStats): boolean {
  if (stats.mode !== below.mode || stats.uid !== below.uid || stats.gid !== below.gid) return true;
  if ((stats.mode & S_IFMT) === 0o040000n) return false;
  return stats.rdev !== below.rdev || stats.size !== below.size || stats.mtimeNs !== below.mtimeNs;
}
