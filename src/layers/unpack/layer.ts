import { closeSync } from 'node:fs';
import { type BerthError, Internal, InvalidArgument, messageOf } from '../../api/index.ts';
import type { TarReader } from '../../tar/index.ts';
import { decodeName, type FileTime, type TarEntry } from '../../tar/index.ts';
import type { UnpackLimits } from './limits.ts';
import { baseOf, cleanName, parentOf } from './names.ts';
import { LayerTree, writeFully } from './tree.ts';

/** Names with a meaning of their own in layer archives (OCI image specification, layer.md). */
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const RESERVED = '.wh..wh.';

/** Device numbers beyond these do not exist in Linux. */
const MAX_MAJOR = 0xfff;
const MAX_MINOR = 0xfffff;

/** Errors of the file system that an archive brings about, rather than the machine. */
const ARCHIVE_ERRORS = new Set([
  'E2BIG',
  'EEXIST',
  'EINVAL',
  'EISDIR',
  'ELOOP',
  'EMLINK',
  'ENAMETOOLONG',
  'ENOENT',
  'ENOTDIR',
  'ENOTEMPTY',
  'EPERM',
  'ERANGE',
]); // prettier-ignore

/** What a layer turned out to be. */
export interface UnpackedTree {
  /** Bytes of content of all regular files. */
  size: number;
  entries: number;
}

/**
 * Makes the files of a layer archive in the folder to which the calling thread is confined, with whiteouts in
 * overlayfs's form. Throws InvalidArgument that names the entry for an archive that is malformed, hostile or beyond
 * the limits, Internal when the machine fails. What was made until then stays: it is for the caller to throw the
 * folder away.
 */
export async function unpackLayer(reader: TarReader, limits: UnpackLimits): Promise<UnpackedTree> {
  const run = new LayerRun(limits);
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    try {
      await run.apply(entry, reader);
    } catch (error) {
      throw explain(error, entry);
    }
  }
  run.finish();
  return { size: run.size, entries: run.entries };
}

class LayerRun {
  size = 0;
  entries = 0;
  #devices = 0;
  #folderNames = 0;
  readonly #tree = new LayerTree();
  /** Times of folders: set at the end, because every file made in a folder changes its time. */
  readonly #folderTimes = new Map<string, FileTime>();
  readonly #limits: UnpackLimits;

  constructor(limits: UnpackLimits) {
    this.#limits = limits;
  }

  async apply(entry: TarEntry, reader: TarReader): Promise<void> {
    this.#count(entry);
    const name = entryName(entry.name);
    const base = baseOf(name);
    if (entry.type !== 'directory') this.#folderTimes.delete(name);
    if (base.startsWith(WHITEOUT)) this.#whiteout(parentOf(name), base);
    else if (entry.type === 'file') await this.#file(name, entry, reader);
    else if (entry.type === 'directory') this.#directory(name, entry);
    else if (entry.type === 'symlink') this.#tree.symlink(name, entry);
    else if (entry.type === 'link')
      this.#tree.hardLink(name, cleanName(entry.linkName, 'hard link target '), entry);
    else this.#tree.special(name, entry);
  }

  finish(): void {
    for (const [name, time] of this.#folderTimes) this.#tree.setTimeIfThere(name, time);
  }

  #count(entry: TarEntry): void {
    const { entries, devices, size } = this.#limits;
    this.entries++;
    if (this.entries > entries) throw new InvalidArgument(`the archive has more than ${entries} entries`);
    this.size += entry.size;
    if (this.size > size) throw new InvalidArgument(`the archive holds more than ${size} bytes`);
    if (entry.type !== 'char' && entry.type !== 'block') return;
    this.#devices++;
    if (this.#devices > devices)
      throw new InvalidArgument(`the archive has more than ${devices} device nodes`);
    if (entry.major < 0 || entry.major > MAX_MAJOR || entry.minor < 0 || entry.minor > MAX_MINOR) {
      throw new InvalidArgument(`device ${entry.major}:${entry.minor} does not exist`);
    }
  }

  #whiteout(folder: string, base: string): void {
    if (base === OPAQUE) this.#tree.opaque(folder);
    // Other names of this kind are aufs's own notes and mean nothing here.
    else if (!base.startsWith(RESERVED)) {
      const hidden = base.slice(WHITEOUT.length);
      if (['', '.', '..'].includes(hidden))
        throw new InvalidArgument('not the name of a file that could be hidden');
      this.#tree.whiteout(folder === '' ? hidden : `${folder}/${hidden}`);
    }
  }

  async #file(name: string, entry: TarEntry, reader: TarReader): Promise<void> {
    const fd = this.#tree.openFile(name, entry);
    try {
      for (let chunk = await reader.readBody(); chunk !== undefined; chunk = await reader.readBody())
        writeFully(fd, chunk);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.#tree.finishFile(fd, name, entry);
  }

  #directory(name: string, entry: TarEntry): void {
    this.#tree.directory(name, entry);
    this.#folderNames += name.length;
    if (this.#folderNames > this.#limits.folderNames)
      throw new InvalidArgument('the archive has too many folders');
    this.#folderTimes.set(name, entry.mtime);
  }
}

/** Says which entry is to blame. */
function explain(error: unknown, entry: TarEntry): BerthError {
  const name = decodeName(entry.name);
  const shown = name.length > 200 ? `${name.slice(0, 200)}...` : name;
  const message = `unpacking "${shown}": ${messageOf(error)}`;
  if (error instanceof InvalidArgument) return new InvalidArgument(message, { cause: error });
  const code = (error as { code?: string }).code ?? '';
  if (ARCHIVE_ERRORS.has(code)) return new InvalidArgument(message, { cause: error });
  return new Internal(message, { cause: error });
}

/** The place of an entry. An absolute name has no meaning in a layer, and somebody who writes one means another place. */
function entryName(name: string): string {
  const clean = cleanName(name);
  if (name.startsWith('/') && clean !== '') {
    throw new InvalidArgument(
      `"${decodeName(name)}" is an absolute name: refused: make the archive with relative names`,
    );
  }
  return clean;
}
