import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { type ByteRange, byName, type Entry, type ObjectStat, type Storage } from './storage.ts';

/** Bytes that are read at a time: large enough that the reads cost little, small enough that many readers may wait. */
const READ_SIZE = 256 << 10;

/** Objects as files: each is written beside, synced, renamed into place, and its folder synced. */
export class DiskStorage implements Storage {
  readonly #root: string;
  readonly #staging: string;

  private constructor(root: string, staging: string) {
    this.#root = root;
    this.#staging = staging;
  }

  /** Opens the storage below `root`. `staging` must be on the same filesystem; what lies there from earlier is removed. */
  static async open(root: string, staging: string): Promise<DiskStorage> {
    await rm(staging, { recursive: true, force: true });
    await mkdir(staging, { recursive: true, mode: 0o700 });
    await mkdir(root, { recursive: true, mode: 0o700 });
    return new DiskStorage(root, staging);
  }

  get description(): string {
    return `disk ${this.#root}`;
  }

  async read(key: string, limit: number): Promise<Buffer | undefined> {
    await using file = await openIfThere(this.#path(key));
    if (file === undefined) return undefined;
    const { size } = await file.stat();
    if (size > limit)
      throw new Error(`${key} has ${size} bytes, more than the ${limit} that are read at once`);
    return await file.readFile();
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    const beside = join(this.#staging, randomUUID());
    try {
      await using file = await open(beside, 'wx', 0o600);
      await file.writeFile(bytes);
      await file.datasync();
      await this.#place(beside, key);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
  }

  async adopt(path: string, key: string): Promise<void> {
    await using file = await open(path, 'r');
    await file.datasync();
    await this.#place(path, key);
  }

  async stat(key: string): Promise<ObjectStat | undefined> {
    try {
      const { size, mtime } = await stat(this.#path(key));
      return { size, modified: mtime };
    } catch (error) {
      return ignoreMissing(error);
    }
  }

  async stream(key: string, { start, end }: ByteRange): Promise<Readable> {
    const file = await open(this.#path(key), 'r');
    // A file handle that is handed over is closed with the stream.
    return createReadStream('', { fd: file, start, end, highWaterMark: READ_SIZE });
  }

  async list(key: string): Promise<Entry[]> {
    try {
      const entries = await readdir(this.#path(key), { withFileTypes: true });
      return entries.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() })).sort(byName);
    } catch (error) {
      return ignoreMissing(error) ?? [];
    }
  }

  async remove(key: string): Promise<void> {
    try {
      await rm(this.#path(key));
    } catch (error) {
      return ignoreMissing(error);
    }
    await this.#removeEmptyParents(key);
  }

  async removeAll(key: string): Promise<void> {
    // Out of sight first, in one step: a crash leaves no half of it.
    const garbage = join(this.#staging, randomUUID());
    try {
      await rename(this.#path(key), garbage);
    } catch (error) {
      return ignoreMissing(error);
    }
    await rm(garbage, { recursive: true, force: true });
    await this.#removeEmptyParents(key);
  }

  async close(): Promise<void> {}

  #path(key: string): string {
    return join(this.#root, key);
  }

  /** Renames a finished file to where its key leads. A folder that was just found empty may vanish on the way: once more then. */
  async #place(file: string, key: string): Promise<void> {
    const path = this.#path(key);
    for (let attempt = 0; ; attempt++) {
      try {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await rename(file, path);
        return await syncFolder(dirname(path));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt >= 10) throw error;
      }
    }
  }

  async #removeEmptyParents(key: string): Promise<void> {
    try {
      for (let parent = dirname(key); parent !== '.'; parent = dirname(parent)) {
        await rmdir(this.#path(parent));
      }
    } catch {
      // Not empty, or somebody else was faster.
    }
  }
}

/** A name is durable when its folder is. One that has vanished since held what somebody has removed. */
async function syncFolder(path: string): Promise<void> {
  await using folder = await openIfThere(path);
  await folder?.sync();
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    return ignoreMissing(error);
  }
}

/** ENOTDIR is a key below another key. */
function ignoreMissing(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw error;
}
