import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { CliError } from './errors.ts';

/** A file's bytes, or those of standard input for `-`. Throws CliError when it cannot be opened. */
export async function openInput(path: string): Promise<AsyncIterable<Uint8Array>> {
  if (path === '-') return process.stdin;
  try {
    const handle = await open(path, 'r');
    const info = await handle.stat();
    if (info.isDirectory()) throw new CliError(`read ${path}: is a directory`);
    return createReadStream('', { fd: handle, highWaterMark: 256 * 1024 });
  } catch (error) {
    throw error instanceof CliError ? error : openFailure(path, error);
  }
}

/** The error of a file that could not be opened, in the form in which Go puts it. */
export function openFailure(path: string, error: unknown): CliError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'no such file or directory',
    EACCES: 'permission denied',
    EISDIR: 'is a directory',
    ENOTDIR: 'not a directory',
  };
  return new CliError(`open ${path}: ${reasons[code ?? ''] ?? message}`, 1, { cause: error });
}
