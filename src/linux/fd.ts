import { check, libc, SyscallError } from './libc.ts';

const readCall = libc.func('intptr_t read(int fd, _Out_ uint8_t *buffer, size_t size)');
const writeCall = libc.func('intptr_t write(int fd, const uint8_t *buffer, size_t size)');
const closeCall = libc.func('int close(int fd)');

/** What a non-blocking call gives when it cannot go on now. */
export const WOULD_BLOCK = -1;

/** Turns EAGAIN and EINTR into WOULD_BLOCK and throws every other failure as SyscallError. */
export function orWouldBlock(result: number, syscall: string): number {
  try {
    return check(result, syscall);
  } catch (error) {
    if (error instanceof SyscallError && (error.code === 'EAGAIN' || error.code === 'EINTR'))
      return WOULD_BLOCK;
    throw error;
  }
}

/** read(2): the number of bytes, 0 at the end, WOULD_BLOCK when there is nothing yet. Throws SyscallError. */
export function read(fd: number, buffer: Buffer): number {
  return orWouldBlock(readCall(fd, buffer, buffer.length), 'read');
}

/** write(2): the number of bytes taken, or WOULD_BLOCK. Throws SyscallError. */
export function write(fd: number, bytes: Buffer): number {
  return orWouldBlock(writeCall(fd, bytes, bytes.length), 'write');
}

/** close(2). */
export function close(fd: number): void {
  closeCall(fd);
}
