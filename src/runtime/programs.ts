import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Internal } from '../api/index.ts';

const found = new Map<string, string>();

/**
 * The absolute path of a program: a name is looked up in PATH, once, for conmon wants a path and so does the kernel at each
 * start. Throws Internal that names the package to install.
 */
export function programPath(name: string): string {
  if (name.startsWith('/')) return name;
  const known = found.get(name);
  if (known !== undefined) return known;
  // /usr/sbin, where Debian has runc, is missing from the PATH of users who are not root.
  const folders = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/usr/bin`.split(delimiter);
  const path = folders.map((folder) => join(folder, name)).find(isProgram);
  if (path === undefined) throw new Internal(`cannot find the program ${name}: install the package ${name}`);
  found.set(name, path);
  return path;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
