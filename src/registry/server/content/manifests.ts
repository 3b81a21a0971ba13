import { RegistryError } from '../errors.ts';
import type { Storage } from '../storage/storage.ts';
import { type ContentDigest, contentDigest, splitDigest } from './digest.ts';
import { layout } from './layout.ts';
import type { Leases } from './leases.ts';
import { linkedDigests, readLink, writeLink } from './links.ts';
import { type Descriptor, type Manifest, parseManifest } from './manifest.ts';
import type { Tags } from './tags.ts';

/** The largest manifest that is taken: what the specification asks registries to take at least. */
export const MAX_MANIFEST = 4 << 20;

export interface StoredManifest {
  readonly digest: ContentDigest;
  readonly bytes: Buffer;
}

/** How a manifest is put. */
export interface PutOptions {
  readonly contentType: string | undefined;
  readonly tag?: string | undefined;
  /** What the client takes its digest for. */
  readonly digest?: ContentDigest | undefined;
  /** False for one of which only parts have been fetched yet, in a cache. */
  readonly complete?: boolean;
}

/** The manifests of all repositories: bytes as they came, under their digests, and the links that make them a repository's. */
export class Manifests {
  readonly #storage: Storage;
  readonly #leases: Leases;
  readonly #tags: Tags;

  constructor(storage: Storage, leases: Leases, tags: Tags) {
    this.#storage = storage;
    this.#leases = leases;
    this.#tags = tags;
  }

  /** A manifest by tag or digest; undefined when the repository has none. */
  async get(
    repository: string,
    reference: { tag?: string; digest?: ContentDigest },
  ): Promise<StoredManifest | undefined> {
    const digest = reference.digest ?? (await this.#tags.resolve(repository, reference.tag!));
    if (digest === undefined || !(await this.has(repository, digest))) return undefined;
    const bytes = await this.#storage.read(layout.blob(digest), MAX_MANIFEST);
    return bytes && { digest, bytes };
  }

  async has(repository: string, digest: ContentDigest): Promise<boolean> {
    await this.#leases.take(digest);
    return (await this.#storage.stat(layout.revision(repository, digest))) !== undefined;
  }

  /**
   * Stores a manifest, after what it names was found in the repository; the tag comes last. Throws MANIFEST_INVALID,
   * MANIFEST_BLOB_UNKNOWN, DIGEST_INVALID.
   */
  async put(
    repository: string,
    bytes: Buffer,
    options: PutOptions,
  ): Promise<{ digest: ContentDigest; manifest: Manifest }> {
    const manifest = parseManifest(bytes, options.contentType);
    const algorithm = options.digest ? splitDigest(options.digest).algorithm : 'sha256';
    const digest = contentDigest(bytes, algorithm);
    if (options.digest !== undefined && options.digest !== digest) {
      throw new RegistryError('DIGEST_INVALID', 'the manifest is not what the digest says', {
        detail: { expected: options.digest, received: digest },
      });
    }
    await this.#leases.take(digest);
    if (options.complete ?? true) await this.#requireParts(repository, manifest);
    await this.#storage.write(layout.blob(digest), bytes);
    if (manifest.subject) {
      await writeLink(this.#storage, layout.referrer(repository, manifest.subject.digest, digest), digest);
    }
    await writeLink(this.#storage, layout.revision(repository, digest), digest);
    if (options.tag !== undefined) await this.#tags.set(repository, options.tag, digest);
    return { digest, manifest };
  }

  /** Removes a manifest and every tag that names it. False when there is none. */
  async remove(repository: string, digest: ContentDigest): Promise<boolean> {
    const found = await this.get(repository, { digest });
    if (found === undefined) return false;
    await this.#tags.removeAllOf(repository, digest);
    await this.#storage.remove(layout.revision(repository, digest));
    const { subject } = parseManifest(found.bytes);
    if (subject) await this.#storage.remove(layout.referrer(repository, subject.digest, digest));
    return true;
  }

  /** The manifests that have `subject` for their subject, as descriptors; of one `artifactType` when it is given. */
  async referrers(repository: string, subject: ContentDigest, artifactType?: string): Promise<Descriptor[]> {
    const found: Descriptor[] = [];
    for await (const digest of linkedDigests(this.#storage, layout.referrers(repository, subject))) {
      const stored = await this.get(repository, { digest });
      if (stored === undefined) continue;
      const manifest = parseManifest(stored.bytes);
      if (artifactType !== undefined && manifest.artifactType !== artifactType) continue;
      found.push({
        mediaType: manifest.mediaType,
        digest,
        size: stored.bytes.length,
        ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
        ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
      });
    }
    return found;
  }

  /** The digests of all manifests of a repository. */
  digests(repository: string): AsyncGenerator<ContentDigest> {
    return linkedDigests(this.#storage, layout.revisions(repository));
  }

  async #requireParts(repository: string, manifest: Manifest): Promise<void> {
    const missing: Descriptor[] = [];
    for (const part of manifest.blobs) {
      await this.#leases.take(part.digest);
      const [link, blob] = await Promise.all([
        readLink(this.#storage, layout.layer(repository, part.digest)),
        this.#storage.stat(layout.blob(part.digest)),
      ]);
      if (!link || !blob) missing.push(part);
      else if (blob.size !== part.size) {
        const sizes = `${part.digest} has ${blob.size} bytes, but the manifest says ${part.size}`;
        throw new RegistryError('MANIFEST_INVALID', sizes);
      }
    }
    for (const part of manifest.manifests) {
      if (!(await this.has(repository, part.digest))) missing.push(part);
    }
    if (missing.length === 0) return;
    throw new RegistryError(
      'MANIFEST_BLOB_UNKNOWN',
      'the manifest names content that this repository does not have',
      {
        detail: missing.slice(0, 100).map((part) => ({ digest: part.digest })),
      },
    );
  }
}
