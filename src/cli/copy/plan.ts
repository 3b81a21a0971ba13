import { basename, dirname } from 'node:path';
import { CliError } from '../errors.ts';
import { assertsFolder, type Found } from './place.ts';

/** Where an archive is unpacked, and what its one top entry is called there. */
export interface CopyPlan {
  readonly folder: string;
  readonly base: string;
}

/**
 * Decides what a copy makes, by the rules of cp(1): into a folder that is there, over a file, or to a new name. `base` is the
 * source's own name, `.` for what a folder holds; `destination` as it was typed. Throws CliError.
 */
export function planCopy(
  source: { readonly base: string; readonly isFolder: boolean },
  found: Found,
  destination: string,
): CopyPlan {
  if (found.exists && found.isFolder) return { folder: found.path, base: source.base };
  if (found.exists && source.isFolder) throw new CliError('cannot copy directory');
  if (found.exists && assertsFolder(destination)) throw new CliError('not a directory');
  if (!found.exists && !source.isFolder && assertsFolder(destination))
    throw new CliError('no such directory');
  return { folder: dirname(found.path), base: basename(found.path) };
}
