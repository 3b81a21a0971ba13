import { type Digest, MAX_DOCUMENT, MEDIA_TYPES, parseIndex, parseManifest } from '../../../layers/index.ts';
import { putManifest, type Repository } from '../../../registry/index.ts';
import type { ImageParts } from '../parts.ts';
import type { StoredImage } from '../record.ts';

/** What a tag stands for after a push. */
export interface PushedManifest {
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
  /** The index that the image was pulled from, when the registry lacks what else it lists. */
  readonly insteadOf?:
    | { readonly digest: Digest; readonly size: number; readonly mediaType: string }
    | undefined;
}

/**
 * Puts an image's manifest under a tag, byte by byte as it came. An image that was pulled from an index gets the index under
 * the tag where the repository has everything that it lists.
 */
export async function pushManifest(
  parts: ImageParts,
  repository: Repository,
  image: StoredImage,
  tag: string,
  signal: AbortSignal,
): Promise<PushedManifest> {
  const bytes = await parts.blobs.read(image.manifest, MAX_DOCUMENT);
  const mediaType = parseManifest(bytes, `the manifest of ${image.id}`).mediaType ?? MEDIA_TYPES.manifest;
  const own = { digest: image.manifest, size: bytes.length, mediaType };
  const index = await indexOf(parts, image);
  if (index === undefined) {
    await putManifest(repository, tag, bytes, mediaType, signal);
    return own;
  }
  await putManifest(repository, image.manifest, bytes, mediaType, signal);
  const { digest, size, mediaType: type } = index;
  if (await hasAll(repository, index.lists, signal)) {
    await putManifest(repository, tag, index.bytes, type, signal);
    return { digest, size, mediaType: type };
  }
  await putManifest(repository, tag, bytes, mediaType, signal);
  return { ...own, insteadOf: { digest, size, mediaType: type } };
}

/** The index that lists the image. */
async function indexOf(parts: ImageParts, image: StoredImage) {
  for (const digest of parts.store.documents(image.id)) {
    const bytes = await parts.blobs.read(digest, MAX_DOCUMENT);
    const { manifests, mediaType } = parseIndex(bytes, `index ${digest}`);
    const lists = manifests.map((entry) => entry.digest);
    if (lists.includes(image.manifest))
      return { digest, bytes, size: bytes.length, mediaType: mediaType ?? MEDIA_TYPES.index, lists };
  }
  return undefined;
}

async function hasAll(
  repository: Repository,
  digests: readonly Digest[],
  signal: AbortSignal,
): Promise<boolean> {
  for (const digest of digests) if ((await repository.head(digest, signal)) === undefined) return false;
  return true;
}
