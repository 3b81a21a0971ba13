import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  constants,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { decodeName, type TarEntry, TarReader } from '../../tar/index.ts';
import { CliError } from '../errors.ts';
import type { CopyPlan } from './plan.ts';

/**
 * Unpacks an archive that has one top entry on this machine, under the name that the plan gives it. Nothing is made outside
 * of the plan's folder: names with `..` are refused, and links are replaced, not followed. With `owners` the files get those
 * of the archive, else they are ours. Throws CliError.
 */
export async function unpackTree(
  bytes: AsyncIterable<Uint8Array>,
  plan: CopyPlan,
  owners: boolean,
): Promise<void> {
  const reader = new TarReader(bytes);
  // A folder that is full gets its time last.
  const folders: Array<[path: string, entry: TarEntry]> = [];
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    const path = placeOf(entry.name, plan);
    makeRoom(path, entry, plan);
    await make(path, entry, reader, plan);
    if (entry.type === 'link') continue;
    if (owners) lchownSync(path, entry.uid, entry.gid);
    if (entry.type !== 'symlink') chmodSync(path, entry.mode);
    if (entry.type === 'directory') folders.push([path, entry]);
    else setTime(path, entry);
  }
  for (const [path, entry] of folders.reverse()) setTime(path, entry);
}

/** The path of an entry, whose first part is called as the plan has it. */
function placeOf(name: string, plan: CopyPlan): string {
  const parts = decodeName(name)
    .split('/')
    .filter((part, index) => part !== '' && (part !== '.' || index === 0));
  if (parts.includes('..')) throw new CliError(`the archive has a name that leads out of it: ${name}`);
  return join(plan.folder, plan.base, ...parts.slice(1));
}

/** Makes way for an entry: nothing but a folder that is to be one stays in its place. */
function makeRoom(path: string, entry: TarEntry, plan: CopyPlan): void {
  makeParents(path, plan);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || (found.isDirectory() && entry.type === 'directory')) return;
  if (found.isDirectory()) throw new CliError(`cannot overwrite directory "${path}" with non-directory`);
  rmSync(path);
}

/** Sees to it that the folders between the plan's and a path are folders, for a link would lead elsewhere. */
function makeParents(path: string, plan: CopyPlan): void {
  const below = relative(plan.folder, path).split('/');
  for (let depth = 1; depth < below.length; depth++) {
    const parent = join(plan.folder, ...below.slice(0, depth));
    const found = lstatSync(parent, { throwIfNoEntry: false });
    if (found === undefined) mkdirSync(parent);
    else if (!found.isDirectory())
      throw new CliError(`cannot write below "${parent}": it is not a directory`);
  }
}

async function make(path: string, entry: TarEntry, reader: TarReader, plan: CopyPlan): Promise<void> {
  switch (entry.type) {
    case 'directory':
      mkdirSync(path, { recursive: true });
      return;
    case 'symlink':
      symlinkSync(decodeName(entry.linkName), path);
      return;
    case 'link': {
      const target = placeOf(entry.linkName, plan);
      makeParents(target, plan);
      linkSync(target, path);
      return;
    }
    case 'file': {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
      await using file = await open(path, flags, 0o600);
      for await (const chunk of reader.body()) await file.writeFile(chunk);
      return;
    }
    default: {
      const kind = entry.type === 'fifo' ? ['p'] : [entry.type[0]!, String(entry.major), String(entry.minor)];
      execFileSync('mknod', [path, ...kind], { stdio: ['ignore', 'ignore', 'pipe'] });
    }
  }
}

function setTime(path: string, { mtime }: TarEntry): void {
  const seconds = mtime.seconds + mtime.nanoseconds / 1e9;
  lutimesSync(path, seconds, seconds);
}
