import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { InvalidArgument } from '../api/index.ts';
import {
  makeDevice,
  mknod,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  setFileTimes,
  setTimes,
  setXattr,
} from '../linux/index.ts';
import type { TarReader } from '../tar/index.ts';
import { decodeName, type TarEntry } from '../tar/index.ts';
import type { ExtractOptions } from './archive-jobs.ts';
import { type ClientPath, lstat } from './archive-stat.ts';
import { join } from './archive-tar.ts';
import { cleanName, parentOf, toCPath, toPath } from './unpack/names.ts';
import { writeFully } from './unpack/tree.ts';

/** Never through a link, and never into what somebody else has just put there. */
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Makes the files of an archive in a folder under the root of the calling thread, which is what confines them: links in
 * the container are followed as its own processes would. Throws InvalidArgument for a malformed archive and where
 * `keepKinds` is in the way, and the errors of `fs`.
 */
export async function extract(
  { path }: ClientPath,
  reader: TarReader,
  options: ExtractOptions,
): Promise<void> {
  if (!statSync(toPath(path)).isDirectory()) {
    throw new InvalidArgument('extraction point is not a directory');
  }
  const run = new Extraction(path, options);
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    await run.apply(entry, reader);
  }
  run.finish();
}

class Extraction {
  readonly #root: string;
  readonly #options: ExtractOptions;
  /** Folders get their times at the end: every file made in one changes them. */
  readonly #folders = new Map<string, TarEntry>();

  constructor(root: string, options: ExtractOptions) {
    this.#root = root;
    this.#options = options;
  }

  async apply(entry: TarEntry, reader: TarReader): Promise<void> {
    const clean = cleanName(entry.name);
    // The folder to extract into stays as it is, as a rule.
    if (clean === '') {
      if (this.#options.withRoot && entry.type === 'directory') this.#directory(this.#root, entry);
      return;
    }
    const name = join(this.#root, clean);
    this.#makeParents(parentOf(clean));
    this.#makeRoom(name, entry);
    if (entry.type === 'file') await this.#file(name, entry, reader);
    else if (entry.type === 'directory') this.#directory(name, entry);
    else if (entry.type === 'link') this.#link(name, entry);
    else this.#other(name, entry);
  }

  finish(): void {
    for (const [name, { mtime }] of this.#folders) {
      if (lstat(name)?.isDirectory()) setTimes(toCPath(name), mtime.seconds, mtime.nanoseconds);
    }
  }

  #makeParents(folder: string): void {
    if (folder === '') return;
    const name = join(this.#root, folder);
    if (lstat(name) !== undefined) return;
    this.#makeParents(parentOf(folder));
    mkdirSync(toPath(name), 0o755);
    const { owner } = this.#options;
    if (owner !== undefined) lchownSync(toPath(name), owner.uid, owner.gid);
  }

  #makeRoom(name: string, entry: TarEntry): void {
    const found = lstat(name);
    if (found === undefined) return;
    const folders = [found.isDirectory(), entry.type === 'directory'] as const;
    if (folders[0] && folders[1]) return;
    if (this.#options.keepKinds && folders[0] !== folders[1]) {
      const kinds = folders[0]
        ? (['directory', 'non-directory'] as const)
        : (['non-directory', 'directory'] as const);
      const where = decodeName(`/${this.#root}`);
      throw new InvalidArgument(
        `cannot overwrite ${kinds[0]} "${decodeName(`/${name}`)}" with ${kinds[1]} "${where}"`,
      );
    }
    rmSync(toPath(name), { recursive: true, force: true });
  }

  async #file(name: string, entry: TarEntry, reader: TarReader): Promise<void> {
    const fd = openSync(toPath(name), CREATE, 0o600);
    try {
      for (let chunk = await reader.readBody(); chunk !== undefined; chunk = await reader.readBody())
        writeFully(fd, chunk);
      const { uid, gid } = this.#ownerOf(entry);
      fchownSync(fd, uid, gid);
      // Only now: changing the owner takes setuid, setgid and file capabilities away.
      fchmodSync(fd, entry.mode);
      setXattrs(name, entry);
      setFileTimes(fd, entry.mtime.seconds, entry.mtime.nanoseconds);
    } finally {
      closeSync(fd);
    }
  }

  #directory(name: string, entry: TarEntry): void {
    if (!lstat(name)?.isDirectory()) mkdirSync(toPath(name), 0o700);
    this.#giveAway(name, entry);
    chmodSync(toPath(name), entry.mode);
    setXattrs(name, entry);
    this.#folders.set(name, entry);
  }

  #link(name: string, entry: TarEntry): void {
    const target = join(this.#root, cleanName(entry.linkName, 'hard link target '));
    linkSync(toPath(target), toPath(name));
  }

  #other(name: string, entry: TarEntry): void {
    if (entry.type === 'symlink') {
      symlinkSync(Buffer.from(entry.linkName, 'latin1'), toPath(name));
      this.#giveAway(name, entry);
    } else {
      const type = entry.type === 'fifo' ? S_IFIFO : entry.type === 'char' ? S_IFCHR : S_IFBLK;
      const device = entry.type === 'fifo' ? 0n : makeDevice(entry.major, entry.minor);
      mknod(toCPath(name), type | 0o600, device);
      this.#giveAway(name, entry);
      chmodSync(toPath(name), entry.mode);
    }
    setTimes(toCPath(name), entry.mtime.seconds, entry.mtime.nanoseconds);
  }

  #giveAway(name: string, entry: TarEntry): void {
    const { uid, gid } = this.#ownerOf(entry);
    lchownSync(toPath(name), uid, gid);
  }

  #ownerOf(entry: TarEntry): { uid: number; gid: number } {
    return this.#options.owner ?? entry;
  }
}

/** What the file system or its security module does not know is left out: the file is still right without it. */
function setXattrs(name: string, entry: TarEntry): void {
  for (const [key, value] of entry.xattrs) {
    try {
      setXattr(toCPath(name), key, value);
    } catch (error) {
      if (!['ENOTSUP', 'EOPNOTSUPP', 'EPERM'].includes((error as { code?: string }).code ?? '')) throw error;
    }
  }
}
