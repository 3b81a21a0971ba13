import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openFailure } from './files.ts';
import { write } from './output.ts';

/** Throws Error when a file cannot be made at `path`, before the engine is asked for anything. */
export async function checkOutput(path: string): Promise<void> {
  const folder = dirname(path);
  await stat(folder).catch(() => {
    throw new Error(`invalid output path: stat ${folder}: no such file or directory`);
  });
}

/** Writes a stream to standard output, or to a file that appears only when it is whole. */
export async function saveTo(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  if (path === '') {
    for await (const piece of bytes) write(1, piece);
    return;
  }
  const temporary = `${dirname(path)}/.berth-${process.pid}-${Date.now()}`;
  await using undo = new AsyncDisposableStack();
  const file = await open(temporary, 'wx', 0o600).catch((error: unknown) => {
    throw openFailure(path, error);
  });
  undo.defer(() => rm(temporary, { force: true }));
  undo.use(file);
  for await (const piece of bytes) await file.write(piece);
  await rename(temporary, path);
}
