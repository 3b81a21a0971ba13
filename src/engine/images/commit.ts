import { formatTime, type ImageReference, nowNanos } from '../../api/index.ts';
import {
  type Digest,
  MEDIA_TYPES,
  type OciImageConfig,
  type OciRunConfig,
  UNPACK_LIMITS,
} from '../../layers/index.ts';
import { dropUnused, type InstalledImage, installImage, type LayerSource } from './install.ts';
import type { ImageParts } from './parts.ts';
import type { StoredImage } from './record.ts';
import { noSuchImage } from './resolve.ts';

/** What a commit adds to the image that a container was made from. */
export interface CommitImageOptions {
  parent: Digest;
  /** The container's ID. */
  container: string;
  config: OciRunConfig;
  createdBy: string;
  comment: string;
  author: string;
  reference: ImageReference | undefined;
}

/** An archive without entries: nothing but its end. */
const EMPTY_ARCHIVE = 1024;

/**
 * Makes an image of another one's layers and one more on top, whose archive is given. Throws NotFound,
 * InvalidArgument; nothing is left after a failure.
 */
export async function commitImage(
  parts: ImageParts,
  archive: AsyncIterable<Uint8Array>,
  options: CommitImageOptions,
): Promise<InstalledImage> {
  const parent = parts.store.find(options.parent, { removed: true });
  if (parent === undefined) throw noSuchImage(options.parent);
  using pins = new DisposableStack();
  for (const { diffId, blob } of parent.layers) {
    pins.use(parts.layers.pins.pin(diffId));
    pins.use(parts.blobs.pins.pin(blob));
  }
  await using blob = await parts.blobs.ingest(archive, { limit: UNPACK_LIMITS.size });
  // A container without changes adds no layer.
  await using layer = blob.size === EMPTY_ARCHIVE ? undefined : await parts.layers.prepare(blob.path);
  const diffIds = layer === undefined ? [] : [layer.diffId];
  await using _cleanUp = {
    [Symbol.asyncDispose]: async () => void (await dropUnused(parts, diffIds, [])),
  };
  using ownPins = new DisposableStack();
  for (const diffId of diffIds) ownPins.use(parts.layers.pins.pin(diffId));
  await layer?.publish();
  return await installImage(parts, {
    config: Buffer.from(JSON.stringify(configOf(parent, diffIds, options))),
    layers: [...inherited(parts, parent), ...diffIds.map(() => ({ blob, mediaType: MEDIA_TYPES.layer }))],
    names: options.reference === undefined ? [] : [options.reference],
    parent: parent.id,
  });
}

/** The layers that are there already. */
function inherited(parts: ImageParts, { layers }: StoredImage): LayerSource[] {
  return layers.map(({ blob, blobSize, mediaType }) => ({
    mediaType,
    blob: {
      digest: blob,
      size: blobSize,
      path: parts.blobs.pathOf(blob),
      commit: async () => {},
      [Symbol.asyncDispose]: async () => {},
    },
  }));
}

function configOf(
  parent: StoredImage,
  diffIds: readonly Digest[],
  options: CommitImageOptions,
): OciImageConfig {
  const { createdBy, comment, author, config, container } = options;
  const created = formatTime(nowNanos());
  // What the parent says about its own making is not true of its child.
  const {
    comment: _comment,
    container_config: _config,
    ...kept
  } = parent.config as OciImageConfig & {
    container_config?: unknown;
  };
  return {
    ...kept,
    created,
    author: author || undefined,
    container,
    config,
    rootfs: { ...parent.config.rootfs, diff_ids: [...parent.config.rootfs.diff_ids, ...diffIds] },
    history: [
      ...(parent.config.history ?? []),
      {
        created,
        created_by: createdBy,
        ...(author && { author }),
        ...(comment && { comment }),
        ...(diffIds.length === 0 && { empty_layer: true }),
      },
    ],
  };
}
