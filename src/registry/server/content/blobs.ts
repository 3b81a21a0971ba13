import type { Readable } from 'node:stream';
import type { ByteRange, Storage } from '../storage/storage.ts';
import type { ContentDigest } from './digest.ts';
import { layout } from './layout.ts';
import type { Leases } from './leases.ts';
import { writeLink } from './links.ts';

/**
 * The blobs of all repositories. The bytes are kept once; a link in each repository that has pushed or mounted a blob says
 * that it may be pulled from there, so that knowing a digest is not enough to read another repository's content.
 */
export class Blobs {
  readonly #storage: Storage;
  readonly #leases: Leases;

  constructor(storage: Storage, leases: Leases) {
    this.#storage = storage;
    this.#leases = leases;
  }

  /** Bytes of a blob that the repository has; undefined when it has not. */
  async sizeOf(repository: string, digest: ContentDigest): Promise<number | undefined> {
    await this.#leases.take(digest);
    const [link, blob] = await Promise.all([
      this.#storage.stat(layout.layer(repository, digest)),
      this.#storage.stat(layout.blob(digest)),
    ]);
    return link && blob?.size;
  }

  stream(digest: ContentDigest, range: ByteRange): Promise<Readable> {
    return this.#storage.stream(layout.blob(digest), range);
  }

  /** Takes over a local file whose digest has been verified. */
  async commit(repository: string, digest: ContentDigest, file: string): Promise<void> {
    await this.#leases.take(digest);
    await this.#storage.adopt(file, layout.blob(digest));
    await writeLink(this.#storage, layout.layer(repository, digest), digest);
  }

  /** Makes a blob of one repository one of another, too. False when the first one has it not. */
  async mount(from: string, to: string, digest: ContentDigest): Promise<boolean> {
    if ((await this.sizeOf(from, digest)) === undefined) return false;
    await writeLink(this.#storage, layout.layer(to, digest), digest);
    return true;
  }

  /** Takes a blob out of a repository; the collector removes the bytes when no other one has them. False when it was not there. */
  async unlink(repository: string, digest: ContentDigest): Promise<boolean> {
    const key = layout.layer(repository, digest);
    if ((await this.#storage.stat(key)) === undefined) return false;
    await this.#storage.remove(key);
    return true;
  }
}
