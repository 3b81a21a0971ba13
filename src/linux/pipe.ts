import { check, libc } from './libc.ts';

const FIONREAD = 0x541b;

const ioctlNumber = libc.func('ioctl', 'int', ['int', 'unsigned long', '_Out_ int *']);

/** How many bytes are in a pipe or FIFO that nobody has read yet; either end tells. Throws SyscallError. */
export function unreadBytes(fd: number): number {
  const count = [0];
  check(ioctlNumber(fd, FIONREAD, count), 'ioctl FIONREAD');
  return count[0]!;
}
