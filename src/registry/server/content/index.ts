import type { Storage } from '../storage/storage.ts';
import { Blobs } from './blobs.ts';
import { Leases } from './leases.ts';
import { Manifests } from './manifests.ts';
import { Repositories } from './repositories.ts';
import { Tags } from './tags.ts';
import type { Uploads } from './uploads.ts';

/** All that a registry holds. */
export class Content {
  readonly storage: Storage;
  readonly uploads: Uploads;
  readonly leases: Leases;
  readonly blobs: Blobs;
  readonly tags: Tags;
  readonly manifests: Manifests;
  readonly repositories: Repositories;

  /** `grace`: milliseconds for which what a client has been told of is kept from the collector. */
  constructor(storage: Storage, uploads: Uploads, grace: number) {
    this.storage = storage;
    this.uploads = uploads;
    this.leases = new Leases(grace);
    this.blobs = new Blobs(storage, this.leases);
    this.tags = new Tags(storage);
    this.manifests = new Manifests(storage, this.leases, this.tags);
    this.repositories = new Repositories(storage);
  }
}

export { type ContentDigest, checkDigest, isContentDigest, splitDigest } from './digest.ts';
export { type Descriptor, type Manifest, parseManifest } from './manifest.ts';
export { MAX_MANIFEST, type StoredManifest } from './manifests.ts';
export { checkName, isName, isTag } from './names.ts';
export { type Chunk, rangeOf, Uploads } from './uploads.ts';
