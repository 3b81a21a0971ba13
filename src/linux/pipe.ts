import { check, libc } from './libc.ts';

const FIONREAD = 0x541b;
/** SIOCOUTQ of tcp(7) and unix(7). */
const TIOCOUTQ = 0x5411;

const ioctlNumber = libc.func('ioctl', 'int', ['int', 'unsigned long', '_Out_ int *']);

/** How many bytes are in a pipe or FIFO that nobody has read yet; either end tells. Throws SyscallError. */
export function unreadBytes(fd: number): number {
  const count = [0];
  check(ioctlNumber(fd, FIONREAD, count), 'ioctl FIONREAD');
  return count[0]!;
}

/** How many bytes of those written to a stream socket the other end's kernel has not acknowledged. Throws SyscallError. */
export function unacknowledgedBytes(fd: number): number {
  const count = [0];
  check(ioctlNumber(fd, TIOCOUTQ, count), 'ioctl TIOCOUTQ');
  return count[0]!;
}
