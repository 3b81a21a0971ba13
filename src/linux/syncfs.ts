import { closeSync, constants, openSync } from 'node:fs';
import koffi from 'koffi';
import { libc, SyscallError } from './libc.ts';

const syncfsCall = libc.func('int syncfs(int fd)');

/**
 * syncfs(2): resolves once everything written so far to the file system of `folder` is on disk. Throws SyscallError.
 */
export async function syncFileSystem(folder: string): Promise<void> {
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await new Promise<void>((resolve, reject) => {
      syncfsCall.async(fd, (error: Error | null, result: number) => {
        if (error) reject(error);
        else if (result < 0) reject(new SyscallError('syncfs', koffi.os.errno.EIO ?? 5, folder));
        else resolve();
      });
    });
  } finally {
    closeSync(fd);
  }
}
