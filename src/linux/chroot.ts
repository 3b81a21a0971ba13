import { constants, openSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { check, libc } from './libc.ts';

const CLONE_FS = 0x200;

const unshareCall = libc.func('int unshare(int flags)');
const chrootCall = libc.func('int chroot(const char *path)');
const chdirCall = libc.func('int chdir(const char *path)');
const fchdirCall = libc.func('int fchdir(int fd)');
const umaskCall = libc.func('unsigned int umask(unsigned int mask)');

let ownRoot: number | undefined;

/**
 * Confines the calling worker thread to `folder`: until the result is disposed, every path that this thread hands to
 * a synchronous call, symbolic links and `..` included, is resolved by the kernel inside it. Also sets the thread's
 * umask to 0.
 *
 * The thread's root, working directory and umask are its own from the first call on (unshare(2) with CLONE_FS), so no
 * other thread notices. Call it only where nothing uses the thread pool for the first time afterwards: threads of the
 * pool inherit the root of the thread that starts them.
 *
 * Throws SyscallError, and Error on the main thread, whose root all thread pools and children inherit.
 */
export function enterRoot(folder: string): Disposable {
  if (isMainThread) throw new Error('the main thread must keep its root');
  if (ownRoot === undefined) {
    check(unshareCall(CLONE_FS), 'unshare');
    umaskCall(0);
    ownRoot = openSync('/', constants.O_RDONLY | constants.O_DIRECTORY);
  }
  const outside = ownRoot;
  check(chrootCall(folder), 'chroot', folder);
  const leave = () => {
    check(fchdirCall(outside), 'fchdir');
    check(chrootCall('.'), 'chroot');
  };
  try {
    check(chdirCall('/'), 'chdir');
  } catch (error) {
    leave();
    throw error;
  }
  return { [Symbol.dispose]: leave };
}
