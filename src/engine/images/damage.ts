import { existsSync } from 'node:fs';
import { familiarReference } from '../../api/index.ts';
import { log } from '../log.ts';
import type { ImageParts } from './parts.ts';
import type { StoredImage } from './record.ts';

/** What users are told of an image whose files are not what they were. */
export function damageText(name: string, what: string): string {
  return `image ${name} is damaged: ${what}: load or pull the image again to repair it`;
}

/** The name by which a user knows an image, or its ID. */
export function nameOf({ store }: Pick<ImageParts, 'store'>, image: StoredImage): string {
  const { tags, digests } = store.names(image.id);
  const [name] = [...tags, ...digests];
  return name === undefined ? image.id : familiarReference(name);
}

/**
 * Names the images in the log that have lost files, as far as a look at each file tells; what is in them is checked when
 * it is read.
 */
export async function reportDamage(parts: Pick<ImageParts, 'store' | 'blobs' | 'layers'>): Promise<void> {
  const { store, blobs, layers } = parts;
  for (const image of store.all()) {
    const lost: string[] = [];
    for (const { diffId, blob, blobSize } of image.layers) {
      if (!existsSync(layers.pathOf(diffId))) lost.push(`its layer ${diffId} is missing`);
      const size = await blobs.sizeOf(blob).catch(() => undefined);
      if (size === undefined) lost.push(`its blob ${blob} is missing`);
      else if (size !== blobSize) lost.push(`its blob ${blob} has ${size} bytes instead of ${blobSize}`);
    }
    for (const digest of [image.id, image.manifest])
      if (!blobs.has(digest)) lost.push(`its blob ${digest} is missing`);
    if (lost.length > 0) log.warn(damageText(nameOf(parts, image), lost.join(', ')));
  }
}
