import { check, libc } from './libc.ts';

const setCall = libc.func(
  'int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags)',
);
const getCall = libc.func(
  'intptr_t lgetxattr(const char *path, const char *name, _Out_ uint8_t *value, size_t size)',
);
const listCall = libc.func('intptr_t llistxattr(const char *path, _Out_ uint8_t *list, size_t size)');

/** The largest value and list of names that the kernel allows (xattr(7)). */
const XATTR_SIZE_MAX = 65536;

/**
 * A path as the kernel takes it: text, or the bytes of a name that is not UTF-8, in which case the last byte must be
 * 0.
 */
export type CPath = string | Buffer;

/**
 * lsetxattr(2): sets an extended attribute of the file itself, never of what a symbolic link points to. Throws
 * SyscallError.
 */
export function setXattr(path: CPath, name: string, value: Buffer): void {
  check(setCall(path, name, value, value.length, 0), 'lsetxattr', name);
}

/** lgetxattr(2): the value of an extended attribute. Throws SyscallError; ENODATA when there is none. */
export function getXattr(path: CPath, name: string): Buffer {
  const value = Buffer.allocUnsafe(XATTR_SIZE_MAX);
  const size = check(getCall(path, name, value, value.length), 'lgetxattr', name);
  return Buffer.from(value.subarray(0, size));
}

/** llistxattr(2): the names of a file's extended attributes. Throws SyscallError. */
export function listXattrs(path: CPath): string[] {
  const list = Buffer.allocUnsafe(XATTR_SIZE_MAX);
  const size = check(listCall(path, list, list.length), 'llistxattr');
  return list.toString('utf8', 0, size).split('\0').slice(0, -1);
}
