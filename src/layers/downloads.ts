import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Internal } from '../api/index.ts';
import type { BlobStore, StagedBlob } from './blobs.ts';
import { type Digest, hexOf } from './digest.ts';
import { Growth } from './growing-file.ts';
import type { OciDescriptor } from './oci.ts';

/** Nobody comes back for what was left unfinished so long ago, in milliseconds. */
const MAX_AGE = 24 * 3600 * 1000;
/** Bytes that may wait for the disk. */
const MAX_PENDING = 2 << 20;

/** The bytes are not those that the digest stands for. */
export class DigestMismatch extends Internal {}

/**
 * Blobs on their way from a registry, `<data-root>/downloads/<hex>`: what was received stays when a download breaks off,
 * even by the death of the engine, and the next one goes on from there. What nobody has continued for a day is removed
 * when an engine starts and when a download begins.
 */
export class Downloads {
  readonly #folder: string;
  readonly #blobs: BlobStore;

  private constructor(folder: string, blobs: BlobStore) {
    this.#folder = folder;
    this.#blobs = blobs;
  }

  static async open(dataRoot: string, blobs: BlobStore): Promise<Downloads> {
    const downloads = new Downloads(join(dataRoot, 'downloads'), blobs);
    await mkdir(downloads.#folder, { recursive: true, mode: 0o700 });
    await downloads.sweep();
    return downloads;
  }

  /** Goes on with a download, or begins it. There must be one at a time for a digest. */
  async receive({ digest, size }: Pick<OciDescriptor, 'digest' | 'size'>): Promise<IncomingBlob> {
    await this.sweep();
    return IncomingBlob.open(this.#pathOf(digest), this.#blobs, digest, size);
  }

  /** Removes what was received of a blob, unless somebody is at work with it. */
  async discard(digest: Digest): Promise<void> {
    if (!this.#blobs.pins.has(digest)) await rm(this.#pathOf(digest), { force: true });
  }

  /** Removes what is older than `age` milliseconds and what nobody needs any more. */
  async sweep(age = MAX_AGE): Promise<void> {
    for (const hex of await readdir(this.#folder)) {
      const digest: Digest = `sha256:${hex}`;
      const stats = await stat(this.#pathOf(digest)).catch(() => undefined);
      if (stats === undefined) continue;
      if (Date.now() - stats.mtimeMs >= age || this.#blobs.has(digest)) await this.discard(digest);
    }
  }

  #pathOf(digest: Digest): string {
    return join(this.#folder, hexOf(digest));
  }
}

/** A blob that is being received. Disposing it keeps what there is of it, for the next attempt. */
export class IncomingBlob implements AsyncDisposable {
  readonly digest: Digest;
  readonly size: number;
  /** Lets others read it while it grows. */
  readonly growth: Growth;
  /** Whether some of it was there before. */
  readonly resumed: boolean;
  readonly #blobs: BlobStore;
  readonly #file: FileHandle;
  #hash: Hash;
  #received: number;
  #pending: Uint8Array[] = [];
  #pendingSize = 0;
  #writing: Promise<void> | undefined;
  #failure: unknown;

  private constructor(path: string, blobs: BlobStore, digest: Digest, size: number, parts: Opened) {
    this.digest = digest;
    this.size = size;
    this.growth = new Growth(path);
    this.#blobs = blobs;
    this.#file = parts.file;
    this.#hash = parts.hash;
    this.#received = parts.received;
    this.resumed = parts.received > 0;
  }

  static async open(path: string, blobs: BlobStore, digest: Digest, size: number): Promise<IncomingBlob> {
    const file = await open(path, 'a', 0o600);
    try {
      if ((await file.stat()).size > size) await file.truncate();
      const hash = createHash('sha256');
      let received = 0;
      for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
        hash.update(chunk as Buffer);
        received += (chunk as Buffer).length;
      }
      return new IncomingBlob(path, blobs, digest, size, { file, hash, received });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Bytes that are there. */
  get received(): number {
    return this.#received;
  }

  /** Takes the next bytes; resolves when there is room for more. Throws what the disk says. */
  async append(chunk: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#hash.update(chunk);
    this.#received += chunk.length;
    this.#pending.push(chunk);
    this.#pendingSize += chunk.length;
    this.#writing ??= this.#write();
    if (this.#pendingSize > MAX_PENDING) await this.#writing;
  }

  /** Checks the whole blob, which then is ready for the store. Throws DigestMismatch; then nothing is kept. */
  async finish(): Promise<StagedBlob> {
    await this.#flush();
    const digest = `sha256:${this.#hash.digest('hex')}`;
    if (digest !== this.digest || this.#received !== this.size) {
      await this.ruin();
      throw new DigestMismatch(`filesystem layer verification failed for digest ${this.digest}`);
    }
    this.growth.complete();
    return this.#staged();
  }

  /** Forgets everything that was received: it is worthless. */
  async ruin(): Promise<void> {
    this.growth.break();
    await rm(this.growth.path, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#flush().catch(() => {});
    this.growth.break();
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #write(): Promise<void> {
    try {
      while (this.#pending.length > 0) {
        const bytes = this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending);
        this.#pending = [];
        for (let written = 0; written < bytes.length; )
          written += (await this.#file.write(bytes, written)).bytesWritten;
        this.#pendingSize -= bytes.length;
        this.growth.grown();
      }
    } catch (error) {
      this.#failure = error;
    } finally {
      this.#writing = undefined;
    }
  }

  /** Whoever records the blob syncs the file system first; until then it has no owner and may be lost. */
  #staged(): StagedBlob {
    const { digest, size } = this;
    const final = this.#blobs.pathOf(digest);
    let path = this.growth.path;
    const blobs = this.#blobs;
    return {
      digest,
      size,
      get path() {
        return path;
      },
      async commit() {
        await rename(path, final).catch((error: unknown) => {
          if (!blobs.has(digest)) throw error;
        });
        path = final;
      },
      // Others may be using it; the sweep takes it in the end.
      async [Symbol.asyncDispose]() {},
    };
  }
}

interface Opened {
  readonly file: FileHandle;
  readonly hash: Hash;
  readonly received: number;
}
