import { check, libc } from './libc.ts';
import type { CPath } from './xattr.ts';

/** File types of mknod(2), to be joined with the permission bits. */
export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFBLK = 0o060000;

const mknodCall = libc.func('int mknod(const char *path, unsigned int mode, uint64_t device)');

/** The number of a device from its two parts, as makedev(3) joins them: 12 bits of major and 20 of minor. */
export function makeDevice(major: number, minor: number): bigint {
  return (
    (BigInt(major & 0xfff) << 8n) |
    BigInt(minor & 0xff) |
    (BigInt(minor & ~0xff) << 12n) |
    (BigInt(major & ~0xfff) << 32n)
  );
}

/** mknod(2): makes a fifo or a device node. The umask applies to the permission bits. Throws SyscallError. */
export function mknod(path: CPath, mode: number, device = 0n): void {
  check(mknodCall(path, mode, device), 'mknod');
}
