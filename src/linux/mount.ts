import { check, libc } from './libc.ts';

/** Flags of mount(2). */
export const MS_RDONLY = 1;
export const MS_NOSUID = 2;
export const MS_NODEV = 4;
export const MS_NOEXEC = 8;
export const MS_REMOUNT = 32;
export const MS_BIND = 4096;
export const MS_REC = 16384;
export const MS_PRIVATE = 1 << 18;

/** Flags of umount2(2). */
export const MNT_DETACH = 2;
export const UMOUNT_NOFOLLOW = 8;

const mountCall = libc.func(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
);
const umountCall = libc.func('int umount2(const char *target, int flags)');

/** mount(2). Throws SyscallError. `data` is limited to one page (4096 bytes) by the kernel. */
export function mount(
  source: string,
  target: string,
  type: string | null,
  flags = 0,
  data: string | null = null,
): void {
  check(mountCall(source, target, type, flags, data), 'mount', target);
}

/** umount2(2). Throws SyscallError; EINVAL means that nothing is mounted there. */
export function umount(target: string, flags = 0): void {
  check(umountCall(target, flags), 'umount', target);
}

/** Unmounts what is there, if anything is: a missing folder or mount is no error. Lazy, so it never fails as busy. */
export function umountIfMounted(target: string): void {
  try {
    umount(target, MNT_DETACH | UMOUNT_NOFOLLOW);
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code !== 'EINVAL' && code !== 'ENOENT') throw error;
  }
}
