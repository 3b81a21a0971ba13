import { check, libc, SyscallError } from './libc.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;

const flockCall = libc.func('int flock(int fd, int operation)');

/**
 * Takes the exclusive lock of an open file, flock(2), without waiting. False when another open file has it. The lock lasts
 * until the descriptor and what was inherited from it are closed, so also until the process ends in whatever way.
 */
export function tryLock(fd: number): boolean {
  try {
    check(flockCall(fd, LOCK_EX | LOCK_NB), 'flock');
    return true;
  } catch (error) {
    if (error instanceof SyscallError && error.code === 'EAGAIN') return false;
    throw error;
  }
}
