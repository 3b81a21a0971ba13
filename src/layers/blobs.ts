import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, existsSync, renameSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Internal, InvalidArgument, NotFound } from '../api/index.ts';
import { type Digest, digestOf, hexOf } from './digest.ts';
import { Pins } from './pins.ts';

/** A blob of more bytes is written to disk as soon as it is there. */
const LARGE = 1 << 20;

/** A blob that is complete and verified but not yet in the store. Disposing it without `commit` leaves nothing. */
export interface StagedBlob extends AsyncDisposable {
  readonly digest: Digest;
  readonly size: number;
  /** Absolute path of the bytes; another one after `commit`. */
  readonly path: string;
  /** Puts the blob into the store, synced. Doing it twice, or with a blob that is there already, does no harm. */
  commit(): Promise<void>;
}

/** What an incoming blob must be. */
export interface BlobExpectation {
  /** Bytes at most. */
  limit: number;
  digest?: Digest;
  size?: number;
}

/**
 * The content-addressed files of an engine, in OCI image layout: `<data-root>/blobs/sha256/<hex>`. A file there is
 * complete: it is written elsewhere, hashed on the way, and, once it is wanted, synced and renamed into place.
 */
export class BlobStore {
  /** Blobs that are in use by work under way, and must not be removed as unused. */
  readonly pins = new Pins<Digest>();
  /** What was seen to be right, as the file was then. */
  readonly #seen = new Map<Digest, string>();
  readonly #folder: string;
  readonly #staging: string;

  private constructor(folder: string, staging: string) {
    this.#folder = folder;
    this.#staging = staging;
  }

  /** Opens the store of a data root. What earlier runs left half written is removed. */
  static async open(dataRoot: string): Promise<BlobStore> {
    const folder = join(dataRoot, 'blobs', 'sha256');
    const staging = join(dataRoot, 'tmp', 'blobs');
    await rm(staging, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await mkdir(staging, { recursive: true, mode: 0o700 });
    return new BlobStore(folder, staging);
  }

  /** Where a blob is, or would be. */
  pathOf(digest: Digest): string {
    return join(this.#folder, hexOf(digest));
  }

  /** Whether there is a file for a blob. What the disk has done to it since is for `isIntact` to say. */
  has(digest: Digest): boolean {
    return existsSync(this.pathOf(digest));
  }

  /**
   * Receives a blob. Throws InvalidArgument when it is larger than the limit or not what was expected; whatever
   * `source` throws comes through. Nothing is left after a failure.
   */
  async ingest(source: AsyncIterable<Uint8Array>, expected: BlobExpectation): Promise<StagedBlob> {
    const path = join(this.#staging, randomUUID());
    try {
      const { digest, size } = await receive(source, path, expected);
      return this.#staged(path, digest, size);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  /** Stores some bytes that are already in memory, such as a manifest. */
  async put(bytes: Uint8Array): Promise<Digest> {
    const digest = digestOf(bytes);
    if (await this.isIntact(digest)) return digest;
    await using staged = await this.ingest(once(bytes), { limit: bytes.length });
    await staged.commit();
    return digest;
  }

  /**
   * The bytes of a blob, verified. Throws NotFound, InvalidArgument beyond `limit`, Internal when the disk has
   * spoiled it.
   */
  async read(digest: Digest, limit: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.stream(digest, limit)) parts.push(part);
    return Buffer.concat(parts);
  }

  /** As `read`, in chunks; a spoiled blob fails at its end. */
  async *stream(digest: Digest, limit = Number.POSITIVE_INFINITY): AsyncGenerator<Buffer, void, undefined> {
    const size = await this.sizeOf(digest);
    if (size > limit)
      throw new InvalidArgument(`blob ${digest} has ${size} bytes: ${limit} at most are allowed`);
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(this.pathOf(digest), { highWaterMark: 256 << 10 })) {
      hash.update(chunk as Buffer);
      yield chunk as Buffer;
    }
    if (`sha256:${hash.digest('hex')}` !== digest) throw new Internal(`blob ${digest} is damaged on disk`);
  }

  /** Reads a whole blob to see whether it is what its name says. Throws NotFound, and Internal when it is damaged. */
  async verify(digest: Digest): Promise<void> {
    this.#seen.delete(digest);
    const mark = await this.#markOf(digest);
    for await (const _chunk of this.stream(digest));
    if (mark !== undefined) this.#seen.set(digest, mark);
  }

  /**
   * Whether a blob is there and is what its name says: whoever receives it again need not, then. Reads all of it, unless
   * that was done already and the file has not been touched since.
   */
  async isIntact(digest: Digest): Promise<boolean> {
    const seen = this.#seen.get(digest);
    if (seen !== undefined && seen === (await this.#markOf(digest))) return true;
    return this.verify(digest).then(
      () => true,
      () => false,
    );
  }

  /** Whether a blob is what its name says. A spoiled one is removed: whoever brings it again puts things right. */
  async isSound(digest: Digest): Promise<boolean> {
    try {
      for await (const _ of this.stream(digest));
      return true;
    } catch {
      await rm(this.pathOf(digest), { force: true });
      return false;
    }
  }

  /** Bytes of a blob. Throws NotFound. */
  async sizeOf(digest: Digest): Promise<number> {
    const stats = await stat(this.pathOf(digest)).catch(() => undefined);
    if (stats === undefined) throw new NotFound(`No such blob: ${digest}`);
    return stats.size;
  }

  /** Removes a blob, unless it is pinned. A missing one is no error. */
  async remove(digest: Digest): Promise<void> {
    if (this.pins.has(digest) || !this.has(digest)) return;
    const garbage = join(this.#staging, randomUUID());
    // At once: between a look at the pins and the end of the blob nobody may come and pin it.
    renameSync(this.pathOf(digest), garbage);
    this.#seen.delete(digest);
    await rm(garbage, { force: true });
  }

  /** Removes every blob that `isUsed` does not claim and nobody has pinned. */
  async sweep(isUsed: (digest: Digest) => boolean): Promise<void> {
    for (const hex of await readdir(this.#folder)) {
      if (!isUsed(`sha256:${hex}`)) await this.remove(`sha256:${hex}`);
    }
  }

  /** Changes when the file does. */
  async #markOf(digest: Digest): Promise<string | undefined> {
    const stats = await stat(this.pathOf(digest), { bigint: true }).catch(() => undefined);
    return stats && [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join();
  }

  #staged(staging: string, digest: Digest, size: number): StagedBlob {
    const final = this.pathOf(digest);
    let path = staging;
    // The disk has time for it until the blob is wanted.
    const synced = size > LARGE ? syncFile(staging) : undefined;
    synced?.catch(() => {});
    let committing: Promise<void> | undefined;
    return {
      digest,
      size,
      get path() {
        return path;
      },
      commit: () => {
        committing ??= (synced ?? syncFile(staging))
          .then(() => rename(staging, final))
          .then(async () => {
            path = final;
            const mark = await this.#markOf(digest);
            if (mark !== undefined) this.#seen.set(digest, mark);
          });
        return committing;
      },
      [Symbol.asyncDispose]: async () => {
        if (path === final) return;
        await synced?.catch(() => {});
        await rm(staging, { force: true });
      },
    };
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function receive(
  source: AsyncIterable<Uint8Array>,
  path: string,
  expected: BlobExpectation,
): Promise<{ digest: Digest; size: number }> {
  await using file = await open(path, 'wx', 0o600);
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > expected.limit)
      throw new InvalidArgument(`a blob has more than ${expected.limit} bytes: refused`);
    hash.update(chunk);
    await writeFully(file, chunk);
  }
  const digest: Digest = `sha256:${hash.digest('hex')}`;
  if (expected.size !== undefined && expected.size !== size) {
    throw new InvalidArgument(`a blob has ${size} bytes, but its descriptor says ${expected.size}`);
  }
  if (expected.digest !== undefined && expected.digest !== digest) {
    throw new InvalidArgument(
      `a blob has the digest ${digest}, but ${expected.digest} was expected: it is damaged or forged`,
    );
  }
  return { digest, size };
}

async function syncFile(path: string): Promise<void> {
  await using file = await open(path, 'r');
  await file.datasync();
}

async function writeFully(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let written = 0; written < chunk.length; ) written += (await file.write(chunk, written)).bytesWritten;
}
