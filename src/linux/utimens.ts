import { check, libc } from './libc.ts';
import type { CPath } from './xattr.ts';

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;

const utimensatCall = libc.func('int utimensat(int fd, const char *path, const void *times, int flags)');

const futimensCall = libc.func('int futimens(int fd, const void *times)');

const times = new BigInt64Array(4);

function fill(seconds: number, nanoseconds: number): BigInt64Array {
  times[0] = times[2] = BigInt(seconds);
  times[1] = times[3] = BigInt(nanoseconds);
  return times;
}

/** futimens(3): sets both times of an open file, to the nanosecond. Throws SyscallError. */
export function setFileTimes(fd: number, seconds: number, nanoseconds: number): void {
  check(futimensCall(fd, fill(seconds, nanoseconds)), 'futimens');
}

/** utimensat(2): sets both times of the file itself, never of what a symbolic link points to. Throws SyscallError. */
export function setTimes(path: CPath, seconds: number, nanoseconds: number): void {
  check(utimensatCall(AT_FDCWD, path, fill(seconds, nanoseconds), AT_SYMLINK_NOFOLLOW), 'utimensat');
}
