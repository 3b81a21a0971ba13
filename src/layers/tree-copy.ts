import {
  type BigIntStats,
  chmodSync,
  closeSync,
  fchmodSync,
  fchownSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { copyFile, mknod, setFileTimes, setTimes, setXattr } from '../linux/index.ts';
import { encodeName } from '../tar/index.ts';
import { lstat } from './archive-stat.ts';
import { childrenOf, hasVanished, join, xattrsOf } from './archive-tar.ts';
import { toCPath, toPath } from './unpack/names.ts';

const NANOS = 1_000_000_000n;

/**
 * Copies everything in the folder `from` into the folder `to`, and gives `to` the owner, mode, attributes and times of `from`.
 * Both are clean names under the root of the calling thread. Hard links between the files stay links; sockets are left out.
 * Files may change meanwhile: each is consistent in itself as far as its content goes, and what vanishes is left out.
 */
export function copyTree(from: string, to: string): void {
  new TreeCopy().folder(from, to, lstat(from)!);
}

class TreeCopy {
  /** The first copy of files that have several names. */
  readonly #copies = new Map<string, string>();

  folder(from: string, to: string, stats: BigIntStats): void {
    for (const child of childrenOf(from)) this.#entry(join(from, child), join(to, child));
    // At the end: every file made in a folder changes its time, and its mode may forbid to make any.
    copyMetadata(from, to, stats);
  }

  #entry(from: string, to: string): void {
    const stats = lstat(from);
    if (stats === undefined) return;
    try {
      if (stats.isDirectory()) {
        mkdirSync(toPath(to), 0o700);
        this.folder(from, to, stats);
      } else if (!this.#link(to, stats)) {
        this.#node(from, to, stats);
      }
    } catch (error) {
      if (!hasVanished(error)) throw error;
    }
  }

  #link(to: string, stats: BigIntStats): boolean {
    if (stats.nlink < 2n) return false;
    const key = `${stats.dev}:${stats.ino}`;
    const first = this.#copies.get(key);
    if (first === undefined) {
      this.#copies.set(key, to);
      return false;
    }
    linkSync(toPath(first), toPath(to));
    return true;
  }

  #node(from: string, to: string, stats: BigIntStats): void {
    if (stats.isFile()) {
      copyRegular(from, to, stats);
    } else if (stats.isSymbolicLink()) {
      symlinkSync(readlinkSync(toPath(from), 'buffer'), toPath(to));
      copyMetadata(from, to, stats);
    } else if (!stats.isSocket()) {
      mknod(toCPath(to), Number(stats.mode), stats.rdev);
      copyMetadata(from, to, stats);
    }
  }
}

function copyRegular(from: string, to: string, stats: BigIntStats): void {
  const fd = copyFile(toPath(from), toPath(to));
  try {
    fchownSync(fd, Number(stats.uid), Number(stats.gid));
    // Only now: changing the owner takes setuid, setgid and file capabilities away.
    fchmodSync(fd, Number(stats.mode) & 0o7777);
    copyXattrs(from, to);
    setFileTimes(fd, ...timeOf(stats));
  } finally {
    closeSync(fd);
  }
}

/** Gives the folder `to` the owner, mode, attributes and times of the folder `from`. Both are absolute paths. */
export function copyAttributes(from: string, to: string): void {
  const [source, target] = [from, to].map((path) => encodeName(path.slice(1)));
  copyMetadata(source!, target!, lstatSync(from, { bigint: true }));
}

function copyMetadata(from: string, to: string, stats: BigIntStats): void {
  lchownSync(toPath(to), Number(stats.uid), Number(stats.gid));
  if (!stats.isSymbolicLink()) {
    chmodSync(toPath(to), Number(stats.mode) & 0o7777);
    copyXattrs(from, to);
  }
  setTimes(toCPath(to), ...timeOf(stats));
}

function timeOf({ mtimeNs }: BigIntStats): [seconds: number, nanoseconds: number] {
  const nanos = ((mtimeNs % NANOS) + NANOS) % NANOS;
  return [Number((mtimeNs - nanos) / NANOS), Number(nanos)];
}

/** What the other file system does not know is left out: the file is still right without it. */
function copyXattrs(from: string, to: string): void {
  for (const [key, value] of xattrsOf(from)) {
    try {
      setXattr(toCPath(to), key, value);
    } catch (error) {
      if (!['ENOTSUP', 'EOPNOTSUPP', 'EPERM'].includes((error as { code?: string }).code ?? '')) throw error;
    }
  }
}
