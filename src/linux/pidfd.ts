import { check, libc } from './libc.ts';

/** The same number on every architecture that is younger than pidfd_open(2). */
const SYS_PIDFD_OPEN = 434;

const syscall = libc.func('long syscall(long number, int pid, unsigned int flags)');

/** A descriptor for a process, which becomes readable when the process ends, pidfd_open(2). ESRCH: it is gone. */
export function pidfdOpen(pid: number): number {
  return check(syscall(SYS_PIDFD_OPEN, pid, 0), 'pidfd_open', String(pid));
}
