import { formatTime, type ImageReference, nowNanos } from '../../api/index.ts';
import {
  expand,
  layerMediaType,
  type OciImageConfig,
  type OciPlatform,
  UNPACK_LIMITS,
} from '../../layers/index.ts';
import { applyChanges } from './changes.ts';
import { dropUnused, type InstalledImage, installImage } from './install.ts';
import type { ImageParts } from './parts.ts';
import { HOST_PLATFORM } from './platform.ts';

export interface ImportOptions {
  /** The image's name, if it is to have one. */
  reference?: ImageReference | undefined;
  /** Comment of the image's only step. */
  message?: string;
  /** Instructions for the config: see `applyChanges`. */
  changes?: readonly string[];
  platform?: OciPlatform | undefined;
}

/**
 * Makes an image of one layer from the archive of a root file system. Throws InvalidArgument; nothing is left after a
 * failure.
 */
export async function importImage(
  parts: ImageParts,
  archive: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<InstalledImage> {
  const { reference, message, changes = [], platform = HOST_PLATFORM } = options;
  const runConfig = applyChanges({}, changes);
  await using blob = await parts.blobs.ingest(expand(archive, UNPACK_LIMITS), { limit: UNPACK_LIMITS.size });
  await using layer = await parts.layers.prepare(blob.path);
  const { diffId } = layer;
  await using _cleanUp = {
    [Symbol.asyncDispose]: async () => void (await dropUnused(parts, [diffId], [])),
  };
  // The layer must be safe from removal from the moment that it is there.
  using _pin = parts.layers.pins.pin(diffId);
  await layer.publish();
  const created = formatTime(nowNanos());
  const comment = message || 'Imported from -';
  const config: OciImageConfig = {
    ...platform,
    created,
    comment,
    config: runConfig,
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created, comment }],
  };
  return await installImage(parts, {
    config: Buffer.from(JSON.stringify(config)),
    layers: [{ blob, mediaType: await layerMediaType(blob.path) }],
    names: reference === undefined ? [] : [reference],
  });
}
