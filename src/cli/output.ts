import { writeSync } from 'node:fs';

/** Exit code of a program that wrote into a pipe nobody reads: 128 + SIGPIPE. */
export const BROKEN_PIPE = 141;

/** Writes to standard output, waiting until it is written. */
export function print(text: string | Uint8Array): void {
  write(1, text);
}

export function printLine(line: string): void {
  write(1, `${line}\n`);
}

/** Writes a line to standard error. */
export function complain(line: string): void {
  write(2, `${line}\n`);
}

/**
 * Writes all of it at once. `process.stdout` would do the same (pipes, files and terminals are written synchronously), but
 * loading it costs a client that prints three lines more than printing them.
 */
export function write(fd: 1 | 2, data: string | Uint8Array): void {
  let rest = typeof data === 'string' ? Buffer.from(data) : data;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Somebody else made the terminal or pipe non-blocking; it has room again in a moment.
      if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
      else if (code === 'EPIPE') process.exit(BROKEN_PIPE);
      else throw error;
    }
  }
}
