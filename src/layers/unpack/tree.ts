import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  rmSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { InvalidArgument } from '../../api/index.ts';
import {
  makeDevice,
  mknod,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  setFileTimes,
  setTimes,
  setXattr,
} from '../../linux/index.ts';
import { decodeName, type FileTime, type TarEntry } from '../../tar/index.ts';
import { linkTarget, parentOf, toCPath, toPath } from './names.ts';

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Links that may be followed on the way to one folder, as in the kernel. */
const MAX_LINKS = 40;
/**
 * Folders that are known to be there are forgotten beyond this number, so that their names do not fill the memory.
 */
const MAX_KNOWN = 20_000;

/** An overlay folder that hides everything below it in lower layers has this attribute. */
const OPAQUE = 'trusted.overlay.opaque';

/**
 * Makes the files of one layer. The calling thread must be confined to the layer's folder by `enterRoot`: that is
 * what keeps everything inside. On top of it the tree refuses to write through symbolic links that would lead out, so
 * that a hostile archive is told apart from an odd one.
 *
 * All names are clean names. The methods throw InvalidArgument for what the archive is to blame for, else the errors
 * of `fs`.
 */
export class LayerTree {
  readonly #known = new Set<string>(['']);

  /** Begins a regular file and hands back its descriptor, open for writing. Finish it with `finishFile`. */
  openFile(name: string, entry: TarEntry): number {
    return this.#make(name, entry, (path) => openSync(path, CREATE, 0o600));
  }

  /**
   * Gives a file its owner, mode, attributes and times, in the order in which the kernel does not undo them, and
   * closes it.
   */
  finishFile(fd: number, name: string, entry: TarEntry): void {
    try {
      fchownSync(fd, entry.uid, entry.gid);
      // Only now: changing the owner takes setuid, setgid and file capabilities away.
      fchmodSync(fd, entry.mode);
      this.#setXattrs(name, entry);
      setFileTimes(fd, entry.mtime.seconds, entry.mtime.nanoseconds);
    } finally {
      closeSync(fd);
    }
  }

  /**
   * Makes a folder, or gives the one that is there the entry's owner and mode. Its time is for later: see
   * `setTimeIfThere`.
   */
  directory(name: string, entry: TarEntry): void {
    if (!this.#isDirectory(name)) this.#make(name, entry, (path) => mkdirSync(path, entry.mode));
    this.#learn(name);
    const path = toPath(name);
    lchownSync(path, entry.uid, entry.gid);
    chmodSync(path, entry.mode);
    this.#setXattrs(name, entry);
  }

  symlink(name: string, entry: TarEntry): void {
    if (entry.linkName === '')
      throw new InvalidArgument(`"${decodeName(name)}" is a symbolic link to nothing`);
    this.#make(name, entry, (path) => symlinkSync(Buffer.from(entry.linkName, 'latin1'), path));
    lchownSync(toPath(name), entry.uid, entry.gid);
    this.#setXattrs(name, entry);
    this.#setTime(name, entry.mtime);
  }

  /** Makes a second name for a file of the same layer. `target` is a clean name. */
  hardLink(name: string, target: string, entry: TarEntry): void {
    if (name === target) return;
    this.#enter(parentOf(target), name);
    const stats = lstat(target);
    if (stats === undefined || stats.isDirectory()) {
      const why = stats === undefined ? 'is not in the archive' : 'is a directory';
      throw new InvalidArgument(`hard link to "${decodeName(target)}", which ${why}`);
    }
    this.#make(name, entry, (path) => linkSync(toPath(target), path));
  }

  /** Makes a fifo or a device node. */
  special(name: string, entry: TarEntry): void {
    const type = entry.type === 'fifo' ? S_IFIFO : entry.type === 'char' ? S_IFCHR : S_IFBLK;
    const device = entry.type === 'fifo' ? 0n : makeDevice(entry.major, entry.minor);
    this.#make(name, entry, () => mknod(toCPath(name), type | 0o600, device));
    lchownSync(toPath(name), entry.uid, entry.gid);
    chmodSync(toPath(name), entry.mode);
    this.#setXattrs(name, entry);
    this.#setTime(name, entry.mtime);
  }

  /** Hides `name` of lower layers. What this layer itself has under the name stays. */
  whiteout(name: string): void {
    this.#enter(parentOf(name), name);
    const stats = lstat(name);
    if (stats === undefined) mknod(toCPath(name), S_IFCHR, 0n);
    else if (stats.isDirectory()) this.#setOpaque(name);
  }

  /** Hides everything that lower layers have in the folder `name`. */
  opaque(name: string): void {
    this.#enter(name, name);
    this.#setOpaque(name);
  }

  /** Sets both times of a folder, unless a later entry has taken its place away. */
  setTimeIfThere(name: string, time: FileTime): void {
    try {
      this.#setTime(name, time);
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(error) ?? '')) throw error;
    }
  }

  #setTime(name: string, time: FileTime): void {
    setTimes(toCPath(name), time.seconds, time.nanoseconds);
  }

  /** Runs `create` where `name` goes; folders on the way are made, and what is there already makes room. */
  #make<Result>(name: string, entry: TarEntry, create: (path: string | Buffer) => Result): Result {
    if (name === '')
      throw new InvalidArgument(`the root of the archive is a ${entry.type} instead of a directory`);
    this.#enter(parentOf(name), name);
    const path = toPath(name);
    try {
      return create(path);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    const hidden = this.#clear(name);
    const result = create(path);
    // The name replaces a whiteout of the same layer; a folder must go on hiding what the whiteout hid.
    if (hidden && entry.type === 'directory') this.#setOpaque(name);
    return result;
  }

  /** Removes what is at `name`. True when that was a whiteout. */
  #clear(name: string): boolean {
    const stats = lstat(name);
    if (stats?.isDirectory()) {
      rmSync(toPath(name), { recursive: true, force: true });
    } else {
      unlinkSync(toPath(name));
    }
    if (stats?.isDirectory() || stats?.isSymbolicLink()) this.#forget();
    return stats !== undefined && isWhiteout(stats);
  }

  /** Makes sure that `folder` is a folder of this layer, reached without leaving it. */
  #enter(folder: string, forName: string, links = 0): void {
    if (this.#known.has(folder)) return;
    this.#enter(parentOf(folder), forName, links);
    const stats = lstat(folder);
    if (stats === undefined) mkdirSync(toPath(folder), 0o755);
    else if (stats.isSymbolicLink()) this.#follow(folder, forName, links);
    else if (isWhiteout(stats)) {
      unlinkSync(toPath(folder));
      mkdirSync(toPath(folder), 0o755);
      this.#setOpaque(folder);
    } else if (!stats.isDirectory()) {
      throw new InvalidArgument(`"${decodeName(forName)}": "${decodeName(folder)}" is not a directory`);
    }
    this.#learn(folder);
  }

  #follow(link: string, forName: string, links: number): void {
    const text = readlinkSync(toPath(link), 'latin1');
    const target = linkTarget(link, text);
    if (target === undefined || links >= MAX_LINKS) {
      const where = `the symbolic link "${decodeName(link)}" -> "${decodeName(text)}"`;
      throw new InvalidArgument(
        `"${decodeName(forName)}" leads out of the archive's root through ${where}: refused`,
      );
    }
    this.#enter(target, forName, links + 1);
  }

  #isDirectory(name: string): boolean {
    if (name === '') return true;
    this.#enter(parentOf(name), name);
    return lstat(name)?.isDirectory() ?? false;
  }

  #setOpaque(name: string): void {
    setXattr(toCPath(name), OPAQUE, Buffer.from('y'));
  }

  /** Overlay's own attributes would let an archive rewrite how its layers are put together, so they are left out. */
  #setXattrs(name: string, entry: TarEntry): void {
    for (const [key, value] of entry.xattrs) {
      if (/^(?:trusted|user)\.overlay\./.test(key)) continue;
      try {
        setXattr(toCPath(name), key, value);
      } catch (error) {
        // The file system or its security module does not know the attribute: the file is still right without it.
        if (!['ENOTSUP', 'EOPNOTSUPP', 'EPERM'].includes(codeOf(error) ?? '')) throw error;
      }
    }
  }

  #learn(folder: string): void {
    if (this.#known.size >= MAX_KNOWN) this.#forget();
    this.#known.add(folder);
  }

  #forget(): void {
    this.#known.clear();
    this.#known.add('');
  }
}

/** Writes all of `chunk`. */
export function writeFully(fd: number, chunk: Buffer): void {
  for (let written = 0; written < chunk.length; ) written += writeSync(fd, chunk, written);
}

function lstat(name: string): Stats | undefined {
  return lstatSync(toPath(name), { throwIfNoEntry: false });
}

function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}
