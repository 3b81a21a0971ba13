import { familiarReference, type ImageReference, InvalidArgument, nowNanos } from '../../api/index.ts';
import {
  type Digest,
  digestOf,
  type Layer,
  MAX_LAYERS,
  MEDIA_TYPES,
  type OciDescriptor,
  type PreparedLayer,
  parseImageConfig,
  type StagedBlob,
} from '../../layers/index.ts';
import { syncFileSystem } from '../../linux/index.ts';
import type { ImageParts } from './parts.ts';
import type { ImageLayer } from './record.ts';

/** A layer to be installed: a staged archive and how its manifest calls it. */
export interface LayerSource {
  blob: StagedBlob;
  mediaType: string;
  /** The layer as somebody is unpacking it already. */
  prepared?: Promise<PreparedLayer> | undefined;
}

/** A complete image that is not yet the engine's. */
export interface ImageSource {
  /** The config, byte by byte: its digest is the image's ID. */
  config: Buffer;
  /** The manifest, if the image came with one; otherwise one is written. */
  manifest?: Buffer | undefined;
  /** What else is to be kept with it: the indexes through which it was found. */
  documents?: readonly Buffer[];
  /** Lowest first, as many as the config has diff IDs. */
  layers: readonly LayerSource[];
  names: readonly ImageReference[];
  /** The image that it was made from on this engine. */
  parent?: Digest;
}

export interface InstalledImage {
  id: Digest;
  /** Images that lost a name to this one. */
  renamed: { name: string; id: Digest }[];
}

/**
 * Makes an image the engine's own: unpacks its layers side by side, stores its blobs, syncs all of it, and only then
 * writes the record with the names. `onLayer` hears of each layer that was unpacked. Throws InvalidArgument when the
 * image is malformed or one of its layers is refused. After a failure nothing is left.
 */
export async function installImage(
  parts: ImageParts,
  source: ImageSource,
  onLayer: (layer: LayerSource, diffId: Digest) => void = () => {},
): Promise<InstalledImage> {
  const config = parseImageConfig(source.config, 'the config of the image');
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== source.layers.length) {
    throw new InvalidArgument(
      `the config of the image names ${diffIds.length} layers, but there are ${source.layers.length}`,
    );
  }
  if (diffIds.length > MAX_LAYERS) {
    throw new InvalidArgument(`the image has ${diffIds.length} layers: ${MAX_LAYERS} at most are possible`);
  }
  const archives = source.layers.map(({ blob: { digest, size }, mediaType }) => ({
    blob: digest,
    blobSize: size,
    mediaType,
  }));
  const manifest = source.manifest ?? writeManifest(source.config, archives);
  const id = digestOf(source.config);
  const { documents = [] } = source;
  const extra = documents.map(digestOf);
  const blobs = [id, digestOf(manifest), ...extra, ...source.layers.map(({ blob }) => blob.digest)];
  // An image may come again in another packing, which takes the place of the one that is there.
  const replaced = parts.store.find(id, { removed: true });
  if (replaced) blobs.push(replaced.manifest, ...replaced.layers.map(({ blob }) => blob));
  await using _cleanUp = {
    [Symbol.asyncDispose]: async () => void (await dropUnused(parts, diffIds, blobs)),
  };
  using _pins = pinAll(parts, diffIds, blobs);

  const layers = await unpackAll(parts, source.layers, diffIds, onLayer);
  await Promise.all(source.layers.map(({ blob }) => blob.commit()));
  await parts.blobs.put(source.config);
  await parts.blobs.put(manifest);
  for (const document of documents) await parts.blobs.put(document);
  await syncFileSystem(parts.dataRoot);
  return parts.store.durable(() => {
    parts.store.add({ id, config, manifest: digestOf(manifest), layers, parent: source.parent });
    parts.store.addDocuments(id, extra);
    return { id, renamed: nameImage(parts, id, source.names) };
  });
}

/** Gives an image names, inside `durable`. Hands back which other images had them. */
export function nameImage(
  { store }: ImageParts,
  id: Digest,
  names: readonly ImageReference[],
): InstalledImage['renamed'] {
  const renamed: InstalledImage['renamed'] = [];
  for (const name of names) {
    const previous = store.idOf(name);
    if (previous !== undefined && previous !== id)
      renamed.push({ name: familiarReference(name), id: previous });
    store.name(name, id, nowNanos());
  }
  return renamed;
}

/** Removes those layers and blobs that no image has and nobody is at work with. Hands back the layers that went. */
export async function dropUnused(
  { store, layers, blobs }: ImageParts,
  diffIds: readonly Digest[],
  digests: readonly Digest[],
): Promise<Set<Digest>> {
  const gone = new Set<Digest>();
  for (const diffId of diffIds) {
    if (store.usesLayer(diffId) || layers.pins.has(diffId)) continue;
    layers.remove(diffId);
    gone.add(diffId);
  }
  for (const digest of digests) if (!store.usesBlob(digest)) await blobs.remove(digest);
  return gone;
}

/**
 * Unpacks every layer and waits for all of them, also when one fails: none may be at work when the archive is
 * deleted.
 */
async function unpackAll(
  parts: ImageParts,
  sources: readonly LayerSource[],
  diffIds: readonly Digest[],
  onLayer: (layer: LayerSource, diffId: Digest) => void,
): Promise<ImageLayer[]> {
  const jobs = sources.map(async (source, index): Promise<ImageLayer> => {
    const diffId = diffIds[index]!;
    const known = await parts.layers.isIntact(diffId);
    const layer = known ? parts.layers.get(diffId) : await unpackOne(parts, source, diffId);
    if (!known) onLayer(source, diffId);
    const { blob, mediaType } = source;
    return { diffId, blob: blob.digest, mediaType, blobSize: blob.size, size: layer.size };
  });
  const results = await Promise.allSettled(jobs);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

async function unpackOne(
  { layers }: ImageParts,
  { blob, prepared }: LayerSource,
  diffId: Digest,
): Promise<Layer> {
  const layer = await prepared;
  return layer?.diffId === diffId ? layer.publish() : layers.unpack(diffId, blob.path);
}

function pinAll({ layers, blobs }: ImageParts, diffIds: readonly Digest[], digests: readonly Digest[]) {
  const pins = new DisposableStack();
  for (const diffId of diffIds) pins.use(layers.pins.pin(diffId));
  for (const digest of digests) pins.use(blobs.pins.pin(digest));
  return pins;
}

/** The manifest of an image that came without one. The same image always gets the same. */
export function writeManifest(
  config: Buffer,
  layers: readonly Pick<ImageLayer, 'blob' | 'blobSize' | 'mediaType'>[],
): Buffer {
  const descriptor = (mediaType: string, digest: Digest, size: number): OciDescriptor => ({
    mediaType,
    digest,
    size,
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: descriptor(MEDIA_TYPES.config, digestOf(config), config.length),
    layers: layers.map(({ blob, blobSize, mediaType }) => descriptor(mediaType, blob, blobSize)),
  };
  return Buffer.from(JSON.stringify(manifest));
}
