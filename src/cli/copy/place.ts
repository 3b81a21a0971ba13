import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, posix, resolve } from 'node:path';
import { type Containers, EngineError } from '../../client/index.ts';
import { CliError } from '../errors.ts';

/** One end of a copy: a path, in a container or on this machine. */
export interface Place {
  /** Undefined on this machine. */
  readonly container: string | undefined;
  /** As it was typed: a `/` or `/.` at its end means something. */
  readonly path: string;
}

/** What is at a place. */
export interface Found {
  readonly path: string;
  readonly exists: boolean;
  readonly isFolder: boolean;
}

/** The description of a path that the engine sends in the head of its answer; `mode` has the bits of Go's FileMode. */
export interface PathStat {
  readonly mode: number;
  readonly linkTarget: string;
}

const MODE_FOLDER = 2 ** 31;
const MODE_LINK = 2 ** 27;
/** As many links in a row are followed as there may be; after that it is a circle. */
const MAX_LINKS = 10;

/** Reads `CONTAINER:PATH` or a local path; one that begins with `/` or `.` is local whatever follows. */
export function parsePlace(text: string): Place {
  const colon = text.indexOf(':');
  if (colon <= 0 || text.startsWith('/') || text.startsWith('.')) return { container: undefined, path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

/** Whether a path can only mean a folder: it ends in `/`, `/.` or is `.` itself. */
export function assertsFolder(path: string): boolean {
  return path.endsWith('/') || meansContent(path);
}

/** Whether a path means what is in a folder, and not the folder: `folder/.`. */
export function meansContent(path: string): boolean {
  return path === '.' || path.endsWith('/.');
}

/** The name under which a path is copied: its last part, or `.` for the content of a folder. */
export function baseOf(path: string): string {
  return meansContent(path) ? '.' : posix.basename(path) || '/';
}

/** A path in a container from its root, the meaning at its end kept. */
export function fromRoot(path: string): string {
  const absolute = posix.resolve('/', path);
  if (meansContent(path)) return `${posix.join(absolute, '/')}.`;
  return path.endsWith('/') && absolute !== '/' ? `${absolute}/` : absolute;
}

/** Reads the header `X-Docker-Container-Path-Stat`. */
export function parsePathStat(headers: Readonly<Record<string, string>>): PathStat {
  const text = Buffer.from(headers['x-docker-container-path-stat'] ?? '', 'base64').toString('utf8');
  const { mode, linkTarget } = JSON.parse(text || '{}') as Partial<PathStat>;
  return { mode: mode ?? 0, linkTarget: linkTarget ?? '' };
}

export function isFolder({ mode }: PathStat): boolean {
  return Math.floor(mode / MODE_FOLDER) % 2 === 1;
}

export function isLink({ mode }: PathStat): boolean {
  return Math.floor(mode / MODE_LINK) % 2 === 1;
}

/** Where a link in a container leads, from the container's root. */
export function targetOf(path: string, { linkTarget }: PathStat): string {
  return posix.resolve(posix.dirname(posix.resolve('/', path)), linkTarget);
}

/** What is at a path in a container. Throws EngineError. */
export async function statInContainer(containers: Containers, id: string, path: string): Promise<PathStat> {
  const response = await containers.statPath(id, path);
  await response.bytes(0);
  return parsePathStat(response.headers);
}

/** What is at a destination in a container; a link is followed. A path that is not there is no error. */
export async function findInContainer(containers: Containers, id: string, path: string): Promise<Found> {
  const missing = { path, exists: false, isFolder: false };
  try {
    const stat = await statInContainer(containers, id, path);
    if (!isLink(stat)) return { path, exists: true, isFolder: isFolder(stat) };
    return await findInContainer(containers, id, targetOf(path, stat));
  } catch (error) {
    // When it is the container that is not there, the upload says so.
    if (error instanceof EngineError && error.status === 404) return missing;
    throw error;
  }
}

/** What is at a destination on this machine, links followed, also those that lead nowhere. Throws CliError. */
export function findHere(path: string): Found {
  let at = resolve(path);
  for (let count = 0; count <= MAX_LINKS; count++) {
    const stat = lstatSync(at, { throwIfNoEntry: false });
    if (stat === undefined) {
      if (statSync(dirname(at), { throwIfNoEntry: false })?.isDirectory()) {
        return { path: at, exists: false, isFolder: false };
      }
      throw new CliError(`invalid output path: directory "${dirname(at)}" does not exist`);
    }
    if (!stat.isSymbolicLink()) return { path: at, exists: true, isFolder: stat.isDirectory() };
    at = resolve(dirname(at), readlinkSync(at));
  }
  throw new CliError(`too many levels of symbolic links in "${path}"`);
}

/** A source on this machine: the real path to read, and the name that it goes by. Throws CliError. */
export function sourceHere(
  path: string,
  followLink: boolean,
): { path: string; isFolder: boolean; base: string } {
  const absolute = resolve(path);
  const base = meansContent(path) ? '.' : basename(absolute);
  const stat = lstatSync(absolute, { throwIfNoEntry: false });
  if (stat === undefined) throw new CliError(`lstat ${absolute}: no such file or directory`);
  if (!stat.isSymbolicLink() || !(followLink || assertsFolder(path))) {
    return { path: absolute, isFolder: stat.isDirectory(), base };
  }
  const real = realpathSync(absolute);
  return { path: real, isFolder: statSync(real).isDirectory(), base };
}
