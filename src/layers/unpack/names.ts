import { InvalidArgument } from '../../api/index.ts';
import { decodeName, isAscii } from '../../tar/index.ts';

/** Limits of the kernel, in bytes: a path with its final zero, and one name in it. */
const PATH_MAX = 4096;
const NAME_MAX = 255;

/**
 * The place of an archive's name in the tree that is unpacked: no slash at either end, no `.` or `..`, empty for the
 * root. A leading slash means the root of the tree. Throws InvalidArgument for a name that
 * climbs above the root or is longer than the kernel allows; `what` introduces the name in the message.
 */
export function cleanName(name: string, what = ''): string {
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (parts.pop() === undefined) {
        throw new InvalidArgument(`${what}"${decodeName(name)}" leads out of the archive's root: refused`);
      }
      continue;
    }
    if (part.length > NAME_MAX) {
      throw new InvalidArgument(
        `${what}"${decodeName(part).slice(0, 40)}...": a name of more than ${NAME_MAX} bytes`,
      );
    }
    parts.push(part);
  }
  const clean = parts.join('/');
  if (clean.length >= PATH_MAX - 1) {
    throw new InvalidArgument(
      `${what}"${decodeName(clean).slice(0, 40)}...": a path of more than ${PATH_MAX} bytes`,
    );
  }
  return clean;
}

/** The folder that holds a clean name; empty for the root. */
export function parentOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')));
}

/** The last part of a clean name. */
export function baseOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/**
 * Where a symbolic link at `name` leads, as a clean name, or undefined when its target is absolute or climbs above
 * the root. Reads the text of the target alone.
 */
export function linkTarget(name: string, target: string): string | undefined {
  if (target.startsWith('/')) return undefined;
  try {
    return cleanName(`${parentOf(name)}/${target}`);
  } catch {
    return undefined;
  }
}

/** A clean name as a path for Node's `fs` inside the confined root. */
export function toPath(name: string): string | Buffer {
  return isAscii(name) ? `/${name}` : Buffer.from(`/${name}`, 'latin1');
}

/** The same for a system call, which wants the final zero where Node does not. */
export function toCPath(name: string): string | Buffer {
  return isAscii(name) ? `/${name}` : Buffer.from(`/${name}\0`, 'latin1');
}
