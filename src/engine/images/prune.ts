import { existsSync } from 'node:fs';
import {
  BerthError,
  type Filters,
  familiarReference,
  type ImageDeleteItem,
  parseTime,
  parseTimeArgument,
} from '../../api/index.ts';
import { filesOf, type ImageMeter } from './disk-usage.ts';
import type { ImageParts } from './parts.ts';
import type { StoredImage } from './record.ts';
import { type Announce, removeImage } from './remove.ts';

/** Keys of the `filters` parameter of prune. */
export const IMAGE_PRUNE_FILTERS = ['dangling', 'label', 'label!', 'until'] as const;

/** What `POST /images/prune` answers. */
export interface ImagePruneReport {
  readonly ImagesDeleted: ImageDeleteItem[];
  /** Bytes on disk. */
  readonly SpaceReclaimed: number;
}

/**
 * Removes images that no container was made from and that pass the filters: those without a tag, or with
 * `dangling=false` all of them. Throws InvalidArgument for filters that are unknown or malformed.
 */
export async function pruneImages(
  parts: ImageParts,
  meter: ImageMeter,
  filters: Filters,
  announce: Announce,
): Promise<ImagePruneReport> {
  filters.validate(IMAGE_PRUNE_FILTERS);
  const passes = pruneFilter(parts, filters);
  const deleted: ImageDeleteItem[] = [];
  const files = new Set<string>();
  for (const image of parts.store.all().filter(passes)) {
    for (const path of filesOf(parts, image)) files.add(path);
    await meter.sizeOf(files);
    deleted.push(...(await removeUnused(parts, image, announce)));
  }
  const reclaimed = await meter.sizeOf([...files].filter((path) => !existsSync(path)));
  parts.events.publish('image', 'prune', '', { reclaimed: String(reclaimed) });
  return { ImagesDeleted: deleted, SpaceReclaimed: reclaimed };
}

function pruneFilter({ store }: ImageParts, filters: Filters): (image: StoredImage) => boolean {
  const danglingOnly = filters.boolean('dangling', true);
  const until = filters.values('until').map((text) => parseTimeArgument(text));
  return ({ id, config }) => {
    const names = store.names(id);
    const nameless = names.tags.length + names.digests.length === 0;
    const { Labels } = config.config ?? {};
    const created = config.created ? parseTime(config.created) : undefined;
    return (
      !(danglingOnly && names.tags.length > 0) &&
      !(nameless && store.hasChildren(id)) &&
      until.every((limit) => created !== undefined && created <= limit) &&
      filters.labels(Labels ?? {}) &&
      !(filters.has('label!') && filters.labels(Labels ?? {}, 'label!'))
    );
  };
}

/** Name by name, as Docker does: an image that a container needs keeps its names. */
async function removeUnused(
  parts: ImageParts,
  image: StoredImage,
  announce: Announce,
): Promise<ImageDeleteItem[]> {
  if (parts.usersOf(image.id).length > 0) return [];
  const { tags, digests } = parts.store.names(image.id);
  const names = [...tags, ...digests].map(familiarReference);
  const items: ImageDeleteItem[] = [];
  for (const name of names.length > 0 ? names : [image.id]) {
    try {
      items.push(...(await removeImage(parts, name, {}, announce)));
    } catch (error) {
      // Somebody began to use it, or has removed it, in the meantime; a digest goes with its last tag.
      if (!(error instanceof BerthError)) throw error;
    }
  }
  return items;
}
