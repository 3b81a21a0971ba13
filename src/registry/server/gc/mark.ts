import { messageOf } from '../../../api/index.ts';
import { type Content, type ContentDigest, type Manifest, parseManifest } from '../content/index.ts';

/** What a repository holds, as its manifests and tags say it. */
export interface Survey {
  readonly tagged: ReadonlySet<ContentDigest>;
  readonly manifests: ReadonlyMap<ContentDigest, Manifest>;
}

/**
 * Reads all manifests of a repository. Throws when one of them cannot be understood: what it needs would look like garbage.
 */
export async function survey(content: Content, repository: string): Promise<Survey> {
  const manifests = new Map<ContentDigest, Manifest>();
  for await (const digest of content.manifests.digests(repository)) {
    const stored = await content.manifests.get(repository, { digest });
    if (stored === undefined) continue;
    try {
      manifests.set(digest, parseManifest(stored.bytes));
    } catch (cause) {
      const where = `${repository}@${digest}`;
      throw new Error(`nothing is collected, since ${where} cannot be understood: ${messageOf(cause)}`, {
        cause,
      });
    }
  }
  const tagged = new Set<ContentDigest>();
  for (const tag of await content.tags.list(repository)) {
    const digest = await content.tags.resolve(repository, tag);
    if (digest !== undefined) tagged.add(digest);
  }
  return { tagged, manifests };
}

/** The manifests that a tag leads to: those that it names, their parts, and what refers to any of these. */
export function reachable({ tagged, manifests }: Survey): Set<ContentDigest> {
  const found = new Set<ContentDigest>();
  const queue = [...tagged];
  const referrers = new Map<ContentDigest, ContentDigest[]>();
  for (const [digest, { subject }] of manifests) {
    if (subject) referrers.set(subject.digest, [...(referrers.get(subject.digest) ?? []), digest]);
  }
  for (let digest = queue.pop(); digest !== undefined; digest = queue.pop()) {
    if (found.has(digest)) continue;
    found.add(digest);
    queue.push(...(manifests.get(digest)?.manifests.map((part) => part.digest) ?? []));
    queue.push(...(referrers.get(digest) ?? []));
  }
  return found;
}
