import { createReadStream } from 'node:fs';
import {
  familiarName,
  familiarReference,
  type ImageReference,
  Internal,
  messageOf,
  repositoryOf,
} from '../../api/index.ts';
import {
  type Digest,
  hexOf,
  MEDIA_TYPES,
  type OciDescriptor,
  type OciPlatform,
  type TarInput,
  writeTar,
} from '../../layers/index.ts';
import { damageText, nameOf } from './damage.ts';
import { dropUnused } from './install.ts';
import type { ImageParts } from './parts.ts';
import type { StoredImage } from './record.ts';
import { isIdOf, resolveFor, tryReference } from './resolve.ts';

/** An image to be saved, with the names that it is saved under. */
interface Saved {
  readonly image: StoredImage;
  readonly tags: ImageReference[];
}

/** Images as an archive. Until it is disposed of, their files stay, whatever becomes of the images. */
export interface SavedImages extends AsyncDisposable {
  readonly images: readonly StoredImage[];
  readonly content: AsyncGenerator<Uint8Array>;
}

/**
 * Makes an archive of images that `docker load`, `podman load` and tools for OCI layouts take: an OCI image layout that
 * holds the blobs as they are stored, each once, with Docker's older lists beside its index. A repository without a tag
 * means all its tags; an ID, or a name with a digest, an image without a name. The same images in the same order give
 * the same bytes. Throws NotFound, also for an image that is for another platform than all of `platforms`, and Internal
 * for one that the disk has damaged.
 */
export async function saveImages(
  parts: ImageParts,
  names: readonly string[],
  platforms: readonly OciPlatform[] = [],
): Promise<SavedImages> {
  const saved = choose(parts, names, platforms);
  const images = saved.map(({ image }) => image);
  await using undo = new AsyncDisposableStack();
  undo.use(holdBlobs(parts, images));
  for (const image of images) await verify(parts, image);
  const content = writeTar(await membersOf(parts, saved));
  const held = undo.move();
  return { images, content, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** The images that are meant, each once, in the order in which they were asked for. */
function choose(parts: ImageParts, names: readonly string[], platforms: readonly OciPlatform[]): Saved[] {
  const chosen = new Map<Digest, Saved>();
  for (const name of names) {
    for (const { image, tag } of meant(parts, name, platforms)) {
      const entry = chosen.get(image.id) ?? { image, tags: [] };
      chosen.set(image.id, entry);
      const text = tag && familiarReference(tag);
      if (tag && !entry.tags.some((other) => familiarReference(other) === text)) entry.tags.push(tag);
    }
  }
  return [...chosen.values()];
}

function meant(
  { store }: ImageParts,
  name: string,
  platforms: readonly OciPlatform[],
): { image: StoredImage; tag?: ImageReference }[] {
  const reference = tryReference(name);
  if (reference !== undefined && reference.tag === undefined && reference.digest === undefined) {
    const tags = store.tagsIn(reference);
    if (tags.length > 0)
      return tags.map((tag) => ({ image: resolveFor(store, familiarReference(tag), platforms), tag }));
  }
  const image = resolveFor(store, name, platforms);
  return [reference?.tag === undefined || isIdOf(image.id, name) ? { image } : { image, tag: reference }];
}

/** Keeps the blobs from being removed. When it is let go, those of images that were removed meanwhile follow these. */
function holdBlobs(parts: ImageParts, images: readonly StoredImage[]): AsyncDisposable {
  const digests = images.flatMap(blobsOf);
  const pins = new DisposableStack();
  for (const digest of digests) pins.use(parts.blobs.pins.pin(digest));
  return {
    [Symbol.asyncDispose]: async () => {
      pins.dispose();
      await dropUnused(parts, [], digests);
    },
  };
}

/** Before the first byte is sent, while there is still a way to say what is wrong. */
async function verify(parts: ImageParts, image: StoredImage): Promise<void> {
  for (const digest of new Set(blobsOf(image))) {
    await parts.blobs.verify(digest).catch((cause: unknown) => {
      throw new Internal(damageText(nameOf(parts, image), messageOf(cause)), { cause });
    });
  }
}

async function membersOf(parts: ImageParts, saved: readonly Saved[]): Promise<TarInput[]> {
  const { blobs } = parts;
  const digests = [...new Set(saved.flatMap(({ image }) => blobsOf(image)))].sort();
  const files = digests.map(async (digest): Promise<TarInput> => {
    const size = await blobs.sizeOf(digest);
    return { entry: { name: blobPath(digest), size }, body: contentOf(blobs.pathOf(digest)) };
  });
  const manifests = await Promise.all(saved.map((it) => descriptorsOf(parts, it)));
  return [
    { entry: { name: 'blobs', type: 'directory' } },
    { entry: { name: 'blobs/sha256', type: 'directory' } },
    ...(await Promise.all(files)),
    document('index.json', { schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests: manifests.flat() }),
    document('manifest.json', saved.map(dockerEntry)),
    document('oci-layout', { imageLayoutVersion: '1.0.0' }),
    document('repositories', repositoriesOf(saved)),
  ];
}

/** Opened when its turn comes: an image may have more blobs than a process has files. */
async function* contentOf(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path, { highWaterMark: 256 << 10 });
}

/** An image's entries in the index: one for each name. */
async function descriptorsOf({ blobs }: ImageParts, { image, tags }: Saved): Promise<OciDescriptor[]> {
  const { os, architecture, variant } = image.config;
  const bytes = await blobs.read(image.manifest, Number.POSITIVE_INFINITY);
  const { mediaType } = JSON.parse(bytes.toString()) as { mediaType?: string };
  const descriptor: OciDescriptor = {
    mediaType: mediaType || MEDIA_TYPES.manifest,
    digest: image.manifest,
    size: bytes.length,
    platform: { architecture, os, ...(variant ? { variant } : {}) },
  };
  if (tags.length === 0) return [descriptor];
  return tags.map((tag) => ({
    ...descriptor,
    annotations: {
      'io.containerd.image.name': `${repositoryOf(tag)}:${tag.tag}`,
      'org.opencontainers.image.ref.name': tag.tag ?? 'latest',
    },
  }));
}

/** An image's entry in Docker's own list. */
function dockerEntry({ image, tags }: Saved): object {
  return {
    Config: blobPath(image.id),
    RepoTags: tags.length > 0 ? tags.map(familiarReference) : null,
    Layers: image.layers.map(({ blob }) => blobPath(blob)),
  };
}

/** Docker's oldest list: the top layer of each name. */
function repositoriesOf(saved: readonly Saved[]): Record<string, Record<string, string>> {
  const repositories: Record<string, Record<string, string>> = {};
  for (const { image, tags } of saved) {
    const top = hexOf(image.layers.at(-1)?.diffId ?? image.id);
    for (const tag of tags) {
      const name = familiarName(tag);
      repositories[name] = { ...repositories[name], [tag.tag ?? 'latest']: top };
    }
  }
  return repositories;
}

function document(name: string, content: object): TarInput {
  return { entry: { name }, body: Buffer.from(JSON.stringify(content)) };
}

function blobsOf({ id, manifest, layers }: StoredImage): Digest[] {
  return [id, manifest, ...layers.map(({ blob }) => blob)];
}

function blobPath(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}
