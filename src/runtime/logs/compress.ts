import { constants, createReadStream, type Stats } from 'node:fs';
import { type FileHandle, open, rename, rm, stat, utimes } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';

/** open(2): a file without a name, which goes with its descriptor. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
const MODE = 0o640;

/**
 * Puts a gzipped file in the place of `path`, under the same name with `.gz`. At every moment one of the two is there whole. A
 * file that is gone is no error: it was too old to be kept. Throws what writing throws, a full disk; then the plain one stays.
 */
export async function compress(path: string): Promise<void> {
  const before = await stat(path).catch(() => undefined);
  if (before === undefined) return;
  const unfinished = `${path}.gz.tmp`;
  try {
    await writeCompressed(path, unfinished, before);
    await rename(unfinished, `${path}.gz`);
    await rm(path, { force: true });
  } finally {
    await rm(unfinished, { force: true });
  }
}

async function writeCompressed(from: string, to: string, { atime, mtime }: Stats): Promise<void> {
  const target = await open(to, 'w', MODE);
  try {
    await pipeline(createReadStream(from), createGzip(), into(target));
    await target.sync();
  } finally {
    await target.close();
  }
  // Readers tell by it how old the last line is.
  await utimes(to, atime, mtime);
}

/** The content of a gzipped file as a file without a name in `folder`; closes what it is given. */
export async function decompressed(file: FileHandle, folder: string): Promise<FileHandle> {
  const plain = await open(folder, constants.O_RDWR | O_TMPFILE, MODE);
  try {
    await pipeline(file.createReadStream({ start: 0 }), createGunzip(), into(plain));
    return plain;
  } catch (error) {
    await plain.close();
    throw error;
  }
}

/** Writes what it is given at the end of a file, which stays open: a stream of Node's would close it. */
function into(file: FileHandle): (chunks: AsyncIterable<Buffer>) => Promise<void> {
  return async (chunks) => {
    for await (const chunk of chunks) await file.appendFile(chunk);
  };
}
