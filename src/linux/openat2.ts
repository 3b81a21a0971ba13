import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { check, libc } from './libc.ts';

/** The same number on every architecture that is younger than openat2(2). */
const SYS_OPENAT2 = 437;
const O_PATH = 0o10000000;
const RESOLVE_NO_MAGICLINKS = 0x02n;
const RESOLVE_BENEATH = 0x08n;
const RESOLVE_IN_ROOT = 0x10n;

const openat2Call = libc.func('syscall', 'long', ['long', 'int', 'str', 'const uint8_t *', 'size_t']);

/**
 * Opens `path` as a process would see it whose root folder is the descriptor `root`: neither `..` nor an absolute path
 * nor a symbolic link leads out, openat2(2). Gives the descriptor. Throws SyscallError.
 */
export function openInRoot(root: number, path: string, flags: number): number {
  return openat2(root, path, flags, RESOLVE_IN_ROOT);
}

/**
 * As `openInRoot`, but what leads out of the folder `root` is no way to be bent back into it: an absolute path, and `..` or a
 * symbolic link that leaves it, are EXDEV. Throws SyscallError.
 */
export function openBeneath(root: number, path: string, flags: number): number {
  return openat2(root, path, flags, RESOLVE_BENEATH);
}

function openat2(root: number, path: string, flags: number, resolve: bigint): number {
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(flags | 0o2000000), 0);
  how.writeBigUInt64LE(resolve | RESOLVE_NO_MAGICLINKS, 16);
  return check(openat2Call(SYS_OPENAT2, root, path, how, how.length), 'openat2', path);
}

/**
 * The text of a regular file inside the root folder `root`, at most `limit` bytes of it. Undefined when there is no such
 * file or when it is not a regular one. Throws SyscallError for other failures.
 */
export function readFileInRoot(root: number, path: string, limit: number): string | undefined {
  let place: number;
  try {
    // A container may have put a device there, on which opening alone has effects: O_PATH has none.
    place = openInRoot(root, path, O_PATH);
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined;
    throw error;
  }
  try {
    return fstatSync(place).isFile() ? readUpTo(`/proc/self/fd/${place}`, limit) : undefined;
  } finally {
    closeSync(place);
  }
}

function readUpTo(path: string, limit: number): string {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    const stat = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(stat.size, limit));
    let have = 0;
    for (let got = -1; have < bytes.length && got !== 0; have += got) {
      got = readSync(fd, bytes, have, bytes.length - have, have);
    }
    return bytes.toString('utf8', 0, have);
  } finally {
    closeSync(fd);
  }
}
