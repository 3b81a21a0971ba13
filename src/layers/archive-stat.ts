import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { formatTime } from '../api/index.ts';
import { decodeName, encodeName } from '../tar/index.ts';
import { toPath } from './unpack/names.ts';

/** What the `X-Docker-Container-Path-Stat` header tells of a path. */
export interface PathStat {
  readonly name: string;
  readonly size: number;
  /** As Go's `os.FileMode` has it: permissions as everywhere, but bits of its own for the type. */
  readonly mode: number;
  /** RFC 3339. */
  readonly mtime: string;
  /** Where a symbolic link leads in the end, from the root of the container; else empty. */
  readonly linkTarget: string;
}

/** A path as a client gave it, from the root of a container. */
export interface ClientPath {
  /** For the kernel, without the leading slash, with a trailing `/` or `/.` if there was one: those follow links. */
  readonly path: string;
  /** Its last part, `/` for the root. */
  readonly base: string;
}

const MAX_LINKS = 255;
const S_IFMT = 0o170000;

/** Go's bits for what is no regular file, by the kernel's. */
const TYPE_BITS = new Map([
  [0o040000, 2 ** 31],
  [0o120000, 2 ** 27],
  [0o060000, 2 ** 26],
  [0o020000, 2 ** 26 + 2 ** 21],
  [0o010000, 2 ** 25],
  [0o140000, 2 ** 24],
]);

/** Reads a client's path: relative ones are from the root, and `..` goes by the text alone, as with dockerd. */
export function clientPath(text: string): ClientPath {
  const parts: string[] = [];
  const given = encodeName(text).split('/');
  for (const part of given) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const clean = parts.join('/');
  const last = given.findLast((part) => part !== '');
  if (last === '.') return { path: clean === '' ? '.' : `${clean}/.`, base: '.' };
  const slash = given.at(-1) === '' && clean !== '' ? '/' : '';
  return { path: clean + slash, base: parts.at(-1) ?? '/' };
}

/** Looks at a path in the root of the calling thread. Throws the errors of `fs`. */
export function statPath({ path, base }: ClientPath): PathStat {
  const stats = lstatSync(toPath(path), { bigint: true });
  return {
    name: decodeName(base),
    size: Number(stats.size),
    mode: goFileMode(Number(stats.mode)),
    mtime: formatTime(stats.mtimeNs),
    linkTarget: stats.isSymbolicLink() ? decodeName(`/${followLinks(path)}`) : '',
  };
}

/** A mode of stat(2) as Go's `os.FileMode`. */
export function goFileMode(mode: number): number {
  const special =
    (mode & 0o4000 ? 2 ** 23 : 0) + (mode & 0o2000 ? 2 ** 22 : 0) + (mode & 0o1000 ? 2 ** 20 : 0);
  return (mode & 0o777) + special + (TYPE_BITS.get(mode & S_IFMT) ?? 0);
}

/** The path that is left when all links in `path` are followed; what does not exist stays as it is. */
function followLinks(path: string): string {
  const todo = path.split('/');
  let done: string[] = [];
  for (let links = 0; todo.length > 0; ) {
    const part = todo.shift()!;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const here = [...done, part].join('/');
    const target = lstat(here)?.isSymbolicLink() ? readlinkSync(toPath(here), 'latin1') : undefined;
    if (target === undefined) {
      done.push(part);
      continue;
    }
    links++;
    if (links > MAX_LINKS) return path;
    if (target.startsWith('/')) done = [];
    todo.unshift(...target.split('/'));
  }
  return done.join('/');
}

/** What is at a name under the root of the calling thread; undefined when there is nothing. */
export function lstat(name: string): BigIntStats | undefined {
  try {
    return lstatSync(toPath(name), { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (['ENOTDIR', 'ELOOP'].includes((error as { code?: string }).code ?? '')) return undefined;
    throw error;
  }
}
