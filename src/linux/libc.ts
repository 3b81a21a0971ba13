import { getSystemErrorMap } from 'node:util';
import koffi from 'koffi';

/** The C library of this process; every system call of the room goes through it. */
export const libc = koffi.load('libc.so.6');

/** A system call failed. `code` is the errno's name (ENOENT ...), as in Node's own errors. */
export class SyscallError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;

  constructor(syscall: string, errno: number, what?: string) {
    const code = errnoName(errno);
    super(`${syscall}${what === undefined ? '' : ` ${what}`}: ${code}`);
    this.name = 'SyscallError';
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
  }
}

const allNames = new Map(Object.entries(koffi.os.errno).map(([name, value]) => [value as number, name]));
const nodeNames = getSystemErrorMap();

/** The name of an errno value: 2 is ENOENT. */
export function errnoName(errno: number): string {
  // Some numbers have two names (EAGAIN, EWOULDBLOCK): Node's choice is what the rest of the code compares with.
  return nodeNames.get(-errno)?.[0] ?? allNames.get(errno) ?? `errno ${errno}`;
}

/**
 * Hands back what a system call returned, or throws the errno it left behind when that is -1.
 * Must be called right after the call, before anything else can touch errno.
 */
export function check(result: number, syscall: string, what?: string): number {
  if (result < 0) throw new SyscallError(syscall, koffi.errno(), what);
  return result;
}
