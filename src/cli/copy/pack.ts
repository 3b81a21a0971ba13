import { createReadStream, lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { encodeName, type TarEntryInit, type TarEntryType, type TarInput } from '../../tar/index.ts';

/** The entries of an archive of a file or folder, which is called `name` in it. Sockets are left out. */
export function* packTree(path: string, name: string): Generator<TarInput> {
  yield* pack(path, name, new Map());
}

/** `seen`: the names of files that have several, by device and inode. */
function* pack(path: string, name: string, seen: Map<string, string>): Generator<TarInput> {
  const stat = lstatSync(path);
  const type = typeOf(stat);
  if (type === undefined) return;
  const common = describe(stat, name, type);
  if (type === 'symlink') {
    yield { entry: { ...common, linkName: encodeName(readlinkSync(path)) } };
  } else if (type === 'file') {
    const twin = stat.nlink > 1 ? seen.get(`${stat.dev}:${stat.ino}`) : undefined;
    if (twin === undefined) {
      if (stat.nlink > 1) seen.set(`${stat.dev}:${stat.ino}`, name);
      yield { entry: { ...common, size: stat.size }, body: content(path, stat.size) };
    } else yield { entry: { ...common, type: 'link', linkName: encodeName(twin) } };
  } else yield { entry: common };
  if (type !== 'directory') return;
  for (const child of readdirSync(path).sort()) yield* pack(join(path, child), `${name}/${child}`, seen);
}

/** No more than was there when the entry was written, whatever is added meanwhile. */
async function* content(path: string, size: number): AsyncGenerator<Uint8Array> {
  if (size > 0) yield* createReadStream(path, { end: size - 1, highWaterMark: 1 << 20 });
}

function describe(stat: Stats, name: string, type: TarEntryType): TarEntryInit {
  const nanoseconds = Math.trunc((stat.mtimeMs % 1000) * 1e6);
  return {
    name: encodeName(type === 'directory' ? `${name}/` : name),
    type,
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    mtime: { seconds: Math.floor(stat.mtimeMs / 1000), nanoseconds: Math.max(0, nanoseconds) },
    ...(type === 'char' || type === 'block' ? splitDevice(stat.rdev) : {}),
  };
}

function typeOf(stat: Stats): TarEntryType | undefined {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'fifo';
  if (stat.isCharacterDevice()) return 'char';
  return stat.isBlockDevice() ? 'block' : undefined;
}

/** makedev(3) undone, for numbers below 2^32. */
function splitDevice(rdev: number): { major: number; minor: number } {
  return { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) };
}
