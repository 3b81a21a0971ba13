import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { check, libc, SyscallError } from './libc.ts';

/** ioctl_ficlone(2). */
const FICLONE = 0x40049409;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
/** The most that one call is asked for, in bytes. */
const PIECE = 1 << 30;
const BUFFER = 256 << 10;
const UNABLE = ['EXDEV', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EINVAL'];
/** A file that is not what it was when it was looked at, a fifo for instance, must not make the thread wait. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Never through a link, and never into what somebody else has just put there. */
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

const ioctlNumber = libc.func('ioctl', 'int', ['int', 'unsigned long', 'int']);
const lseekCall = libc.func('int64_t lseek(int fd, int64_t offset, int whence)');
const copyCall = libc.func(
  'intptr_t copy_file_range(int from, _Inout_ int64_t *fromOffset, int to, _Inout_ int64_t *toOffset, size_t size, unsigned int flags)',
);

let buffer: Buffer | undefined;

/**
 * Makes the regular file `to` with the content of `from`. Where the file system can, both share their blocks until one is
 * written; else the kernel copies, and holes stay holes. Gives the new file's descriptor, which the caller closes. Throws
 * the errors of `fs` and SyscallError; EINVAL when `from` is no regular file.
 */
export function copyFile(from: string | Buffer, to: string | Buffer): number {
  const source = openSync(from, READ);
  try {
    const stats = fstatSync(source);
    if (!stats.isFile()) throw new SyscallError('copy', 22);
    const target = openSync(to, CREATE, 0o600);
    try {
      if (ioctlNumber(target, FICLONE, source) < 0) copyContent(source, target, stats.size);
      return target;
    } catch (error) {
      closeSync(target);
      throw error;
    }
  } finally {
    closeSync(source);
  }
}

function copyContent(source: number, target: number, size: number): void {
  for (let at = 0; at < size; ) {
    const start = nextData(source, at);
    if (start === undefined || start >= size) break;
    const end = Math.min(size, check(Number(lseekCall(source, start, SEEK_HOLE)), 'lseek'));
    if (!copyPiece(source, target, start, end)) break;
    at = end;
  }
  ftruncateSync(target, size);
}

/** Where the first data from an offset on are; undefined when only a hole is left. */
function nextData(fd: number, offset: number): number | undefined {
  try {
    return check(Number(lseekCall(fd, offset, SEEK_DATA)), 'lseek');
  } catch (error) {
    if (error instanceof SyscallError && error.code === 'ENXIO') return undefined;
    throw error;
  }
}

/** False when the file has become shorter. */
function copyPiece(source: number, target: number, start: number, end: number): boolean {
  for (let at = start; at < end; ) {
    const length = copySome(source, target, at, end - at);
    if (length === 0) return false;
    at += length;
  }
  return true;
}

/** Copies bytes to the same place of the other file, and gives how many. */
function copySome(source: number, target: number, at: number, size: number): number {
  try {
    const length = copyCall(source, [at], target, [at], Math.min(size, PIECE), 0);
    return check(Number(length), 'copy_file_range');
  } catch (error) {
    // The kernel copies between file systems of some types only.
    if (!(error instanceof SyscallError && UNABLE.includes(error.code))) throw error;
    buffer ??= Buffer.allocUnsafeSlow(BUFFER);
    const length = readSync(source, buffer, 0, Math.min(size, BUFFER), at);
    for (let done = 0; done < length; ) done += writeSync(target, buffer, done, length - done, at + done);
    return length;
  }
}
