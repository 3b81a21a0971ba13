import { isMainThread } from 'node:worker_threads';
import { check, libc } from './libc.ts';
import { MNT_DETACH, MS_PRIVATE, MS_REC, mount, umount } from './mount.ts';

const CLONE_NEWNS = 0x20000;
const SYS_PIVOT_ROOT = process.arch === 'arm64' ? 41 : 155;

const unshareCall = libc.func('int unshare(int flags)');
const chrootCall = libc.func('int chroot(const char *path)');
const chdirCall = libc.func('int chdir(const char *path)');
const umaskCall = libc.func('unsigned int umask(unsigned int mask)');
const pivotRootCall = libc.func('syscall', 'long', ['long', 'str', 'str']);

/**
 * Gives the calling worker thread a mount namespace of its own, for the rest of its life: what it mounts nobody else
 * sees, and all of it is gone with the thread. Root, working directory and umask (0) are the thread's own from here on.
 * Throws SyscallError, and Error on the main thread.
 */
export function enterMountNamespace(): void {
  if (isMainThread) throw new Error('the main thread must keep its mounts');
  check(unshareCall(CLONE_NEWNS), 'unshare');
  umaskCall(0);
  mount('none', '/', null, MS_REC | MS_PRIVATE);
}

/**
 * Makes `folder`, on which something is mounted, the root of the calling thread and unmounts all that is outside of it.
 * No path, symbolic link or `..` leads anywhere else from then on, and no mount of others is held by the thread. For
 * threads that have called `enterMountNamespace` alone. Throws SyscallError.
 */
export function pivotInto(folder: string): void {
  check(chdirCall(folder), 'chdir', folder);
  try {
    // The old root ends up on top of the new one, from where it is taken off: see pivot_root(2).
    check(pivotRootCall(SYS_PIVOT_ROOT, '.', '.'), 'pivot_root', folder);
    umount('.', MNT_DETACH);
  } catch (error) {
    // The first file system of a machine that booted into its initramfs cannot be moved away.
    if ((error as { code?: string }).code !== 'EINVAL') throw error;
    check(chrootCall('.'), 'chroot', folder);
  }
  check(chdirCall('/'), 'chdir');
}
