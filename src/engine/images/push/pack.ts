import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { type Digest, digestOf, MAX_DOCUMENT, MEDIA_TYPES } from '../../../layers/index.ts';
import { syncFileSystem } from '../../../linux/index.ts';
import { dropUnused, writeManifest } from '../install.ts';
import type { ImageLayer, StoredImage } from '../record.ts';
import type { PushParts } from './parts.ts';

const PACKED = `${MEDIA_TYPES.layer}+gzip`;

/**
 * Hands back an image as it is pushed. Layers that were made here, or that came in an archive without a manifest, are stored
 * as plain tar; they are compressed before their first push, once, in the store itself: so every later push has the same
 * digest. An image with a manifest of somebody else's stays as it is.
 */
export async function packImage(parts: PushParts, id: Digest): Promise<StoredImage> {
  const image = parts.store.find(id)!;
  if (!image.layers.some(isPlain) || !(await isOwnManifest(parts, image))) return image;
  await parts.packing.join(id, () => pack(parts, image));
  return parts.store.find(id) ?? image;
}

function isPlain({ mediaType }: ImageLayer): boolean {
  return mediaType === MEDIA_TYPES.layer;
}

/** Whether the manifest was written here, which is so when it would be written again. */
async function isOwnManifest(parts: PushParts, image: StoredImage): Promise<boolean> {
  const config = await parts.blobs.read(image.id, MAX_DOCUMENT);
  return digestOf(writeManifest(config, image.layers)) === image.manifest;
}

async function pack(parts: PushParts, image: StoredImage): Promise<void> {
  const unused: Digest[] = [image.manifest, ...image.layers.map(({ blob }) => blob)];
  await using _cleanUp = { [Symbol.asyncDispose]: async () => void (await dropUnused(parts, [], unused)) };
  using pins = new DisposableStack();
  const layers: ImageLayer[] = [];
  for (const layer of image.layers) {
    const packed = isPlain(layer) ? await packLayer(parts, layer) : layer;
    pins.use(parts.blobs.pins.pin(packed.blob));
    unused.push(packed.blob);
    layers.push(packed);
  }
  const manifest = writeManifest(await parts.blobs.read(image.id, MAX_DOCUMENT), layers);
  pins.use(parts.blobs.pins.pin(digestOf(manifest)));
  await parts.blobs.put(manifest);
  await syncFileSystem(parts.dataRoot);
  parts.store.durable(() => parts.store.add({ ...image, manifest: digestOf(manifest), layers }));
}

/** The layer with a compressed archive: that of another image which has the same layer, or a new one. */
async function packLayer(parts: PushParts, layer: ImageLayer): Promise<ImageLayer> {
  const known = parts.store.layerOfType(layer.diffId, PACKED);
  if (known !== undefined) return known;
  const plain = Readable.from(parts.blobs.stream(layer.blob), { objectMode: false });
  // The reader of what comes out hears of errors.
  const packed = pipeline(plain, createGzip(), () => {});
  await using staged = await parts.blobs.ingest(packed, { limit: Number.POSITIVE_INFINITY });
  await staged.commit();
  return { ...layer, blob: staged.digest, blobSize: staged.size, mediaType: PACKED };
}
