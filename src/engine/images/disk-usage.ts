import type { ImageSummary } from '../../api/index.ts';
import type { Digest } from '../../layers/index.ts';
import { diskUsage } from '../../linux/index.ts';
import type { ImageParts } from './parts.ts';
import type { StoredImage } from './record.ts';
import { summaryView } from './views.ts';

/** What the images take on disk, in bytes. Sizes are those of the files that are kept: layers, and the archives they came in. */
export interface ImageDiskUsage {
  /** All of them together, each file once. */
  readonly total: number;
  /** With the number of their containers. */
  readonly images: ImageSummary[];
}

/** The files of an image, which other images may have too. */
export function filesOf({ store, blobs, layers }: ImageParts, image: StoredImage): Set<string> {
  const archives = image.layers.map(({ blob }) => blob);
  const digests = [image.id, image.manifest, ...store.documents(image.id), ...archives];
  return new Set([
    ...image.layers.map(({ diffId }) => layers.homeOf(diffId)),
    ...digests.map((digest) => blobs.pathOf(digest)),
  ]);
}

/** Works out the disk usage of images. They never change, so that each file is measured once. */
export class ImageMeter {
  readonly #sizes = new Map<string, number>();

  /** What every image takes, and what others take with it. */
  async measure(parts: ImageParts): Promise<ImageDiskUsage> {
    const shown = new Set(parts.store.all().map(({ id }) => id));
    const all = [...parts.store.all(), ...hidden(parts)];
    const files = new Map(all.map((image) => [image.id, filesOf(parts, image)]));
    const uses = new Map<string, number>();
    for (const paths of files.values()) for (const path of paths) uses.set(path, (uses.get(path) ?? 0) + 1);
    for (const path of this.#sizes.keys()) if (!uses.has(path)) this.#sizes.delete(path);
    await this.#learn(uses.keys());
    const images = all
      .filter(({ id }) => shown.has(id))
      .map((image) => {
        const paths = [...files.get(image.id)!];
        return {
          ...summaryView(
            parts,
            image,
            parts.store.names(image.id),
            this.#sum(paths.filter((it) => uses.get(it)! > 1)),
          ),
          Size: this.#sum(paths),
        };
      });
    return { total: this.#sum(uses.keys()), images: images.sort((a, b) => b.Created - a.Created) };
  }

  /** Bytes of some files on disk. */
  async sizeOf(paths: Iterable<string>): Promise<number> {
    const wanted = [...paths];
    await this.#learn(wanted);
    return this.#sum(wanted);
  }

  async #learn(paths: Iterable<string>): Promise<void> {
    const unknown = [...paths].filter((path) => !this.#sizes.has(path));
    for (const [path, size] of await diskUsage(unknown)) this.#sizes.set(path, size);
  }

  #sum(paths: Iterable<string>): number {
    let sum = 0;
    for (const path of paths) sum += this.#sizes.get(path) ?? 0;
    return sum;
  }
}

/** Images that were removed and whose files containers still need. */
function hidden({ store }: ImageParts): StoredImage[] {
  return store.removed().flatMap((id: Digest) => store.find(id, { removed: true }) ?? []);
}
