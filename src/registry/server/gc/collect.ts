import { type Content, type ContentDigest, isContentDigest } from '../content/index.ts';
import { layout } from '../content/layout.ts';
import { linkedDigests } from '../content/links.ts';
import { reachable, survey } from './mark.ts';

export interface CollectOptions {
  /** Milliseconds for which what is new, or was asked for, is kept. */
  readonly grace: number;
  /** Whether manifests that no tag leads to go, too. */
  readonly untagged: boolean;
  /** Milliseconds after which an upload that nobody goes on with is given up. */
  readonly uploads: number;
}

/** What a collection has removed. */
export interface Collection {
  readonly manifests: number;
  readonly blobs: number;
  readonly bytes: number;
  readonly uploads: number;
}

/**
 * Removes blobs that no manifest names, while clients push and pull. Three things keep what is about to be named: a blob
 * younger than the grace period stays, so does one that a client was told of within it, and who asks for a blob that is
 * being removed waits and learns that it is gone.
 */
export async function collect(content: Content, options: CollectOptions): Promise<Collection> {
  const uploads = await content.uploads.expire(options.uploads);
  const used = new Set<ContentDigest>();
  let manifests = 0;
  for await (const repository of content.repositories.list()) {
    manifests += await collectRepository(content, repository, options, used);
  }
  return { uploads, manifests, ...(await sweepBlobs(content, options.grace, used)) };
}

/** Takes what is not needed out of one repository, and adds what is to `used`. Returns how many manifests went. */
async function collectRepository(
  content: Content,
  repository: string,
  { grace, untagged }: CollectOptions,
  used: Set<ContentDigest>,
): Promise<number> {
  const found = await survey(content, repository);
  const kept = new Map(found.manifests);
  if (untagged) {
    const wanted = reachable(found);
    for (const digest of found.manifests.keys()) {
      if (wanted.has(digest) || (await isYoung(content, layout.revision(repository, digest), grace)))
        continue;
      const remove = async () => void (await content.manifests.remove(repository, digest));
      if (await content.leases.kill(digest, grace, remove)) kept.delete(digest);
    }
  }

  const here = new Set<ContentDigest>();
  for (const [digest, manifest] of kept) {
    used.add(digest);
    for (const blob of manifest.blobs) here.add(blob.digest);
  }
  for await (const digest of linkedDigests(content.storage, layout.layers(repository))) {
    const link = layout.layer(repository, digest);
    const isUsed = here.has(digest) || (await isYoung(content, link, grace));
    if (isUsed || !(await content.leases.kill(digest, grace, () => content.storage.remove(link))))
      used.add(digest);
  }
  return found.manifests.size - kept.size;
}

async function sweepBlobs(
  content: Content,
  grace: number,
  used: ReadonlySet<ContentDigest>,
): Promise<{ blobs: number; bytes: number }> {
  const { storage, leases } = content;
  let blobs = 0;
  let bytes = 0;
  for (const algorithm of await storage.list(layout.blobs)) {
    for (const prefix of await storage.list(`${layout.blobs}/${algorithm.name}`)) {
      for (const { name } of await storage.list(`${layout.blobs}/${algorithm.name}/${prefix.name}`)) {
        const digest = `${algorithm.name}:${name}`;
        if (!isContentDigest(digest) || used.has(digest)) continue;
        const key = layout.blob(digest);
        const found = await storage.stat(key);
        if (found === undefined || Date.now() - found.modified.getTime() < grace) continue;
        if (!(await leases.kill(digest, grace, () => storage.remove(key)))) continue;
        blobs++;
        bytes += found.size;
      }
    }
  }
  return { blobs, bytes };
}

async function isYoung(content: Content, key: string, grace: number): Promise<boolean> {
  const found = await content.storage.stat(key);
  return found !== undefined && Date.now() - found.modified.getTime() < grace;
}
