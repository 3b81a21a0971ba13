import { closeSync, constants, openSync } from 'node:fs';
import { check, libc } from './libc.ts';

const TIOCGPTPEER = 0x5441;
const TIOCSWINSZ = 0x5414;

const grantptCall = libc.func('int grantpt(int fd)');
const unlockptCall = libc.func('int unlockpt(int fd)');
const ioctlNumber = libc.func('ioctl', 'int', ['int', 'unsigned long', 'int']);
const ioctlBytes = libc.func('ioctl', 'int', ['int', 'unsigned long', 'const uint8_t *']);

/** Both ends of a new pseudo-terminal, pty(7). The caller closes them. */
export interface Pty {
  readonly master: number;
  readonly slave: number;
}

/** Opens a pseudo-terminal. Throws SyscallError. */
export function openPty(): Pty {
  const master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  try {
    check(grantptCall(master), 'grantpt');
    check(unlockptCall(master), 'unlockpt');
    // The slave comes from the master itself and not from a path, which may lead into another mount of devpts.
    const slave = check(
      ioctlNumber(master, TIOCGPTPEER, constants.O_RDWR | constants.O_NOCTTY),
      'ioctl TIOCGPTPEER',
    );
    return { master, slave };
  } catch (error) {
    closeSync(master);
    throw error;
  }
}

/** Sets a terminal's size in characters; the processes in its foreground get SIGWINCH. */
export function setWindowSize(fd: number, rows: number, columns: number): void {
  const size = Buffer.alloc(8);
  size.writeUInt16LE(rows, 0);
  size.writeUInt16LE(columns, 2);
  check(ioctlBytes(fd, TIOCSWINSZ, size), 'ioctl TIOCSWINSZ');
}
