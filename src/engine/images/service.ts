import { existsSync } from 'node:fs';
import {
  type Filters,
  familiarReference,
  type ImageDeleteItem,
  type ImageHistoryItem,
  type ImageInspect,
  type ImageReference,
  type ImageSummary,
  Internal,
  InvalidArgument,
  parseReference,
  withDefaultTag,
} from '../../api/index.ts';
import {
  BlobStore,
  type Digest,
  Downloads,
  isDigest,
  LayerStore,
  type OciPlatform,
  UNPACK_LIMITS,
  type UnpackLimits,
} from '../../layers/index.ts';
import type { RegistryClient } from '../../registry/index.ts';
import type { Database } from '../database.ts';
import { SharedJobs } from '../shared-jobs.ts';
import { Slots } from '../slots.ts';
import { type CommitImageOptions, commitImage } from './commit.ts';
import { damageText, nameOf, reportDamage } from './damage.ts';
import { type ImageDiskUsage, ImageMeter } from './disk-usage.ts';
import { type ImportOptions, importImage } from './import.ts';
import { nameImage } from './install.ts';
import { type ListOptions, listImages } from './list.ts';
import { type LoadOptions, loadImages } from './load/load.ts';
import type { ImageParts } from './parts.ts';
import { type ImagePruneReport, pruneImages } from './prune.ts';
import { type PullOptions, type PullParts, pullAllTags, pullImage } from './pull/pull.ts';
import type { PushParts } from './push/parts.ts';
import { type PushOptions, pushImages } from './push/push.ts';
import { type ImageRecord, type StoredImage, sizeOf } from './record.ts';
import { collectRemoved, type RemoveOptions, removeImage } from './remove.ts';
import { noSuchImage, resolveFor, resolveImage } from './resolve.ts';
import { type SavedImages, saveImages } from './save.ts';
import { ImageStore } from './store.ts';
import { historyView, inspectView } from './views.ts';

export interface ImageServiceOptions extends Pick<ImageParts, 'dataRoot' | 'events' | 'usersOf'> {
  database: Database;
  registry: RegistryClient;
  /** How many layers are on their way at the same time; read anew each time. */
  transfers: { readonly maxConcurrentDownloads: number; readonly maxConcurrentUploads: number };
  /** What one layer may do to the machine. */
  limits?: UnpackLimits;
}

/** The images of an engine. */
export class ImageService implements AsyncDisposable {
  readonly #parts: PullParts & PushParts;
  readonly #meter = new ImageMeter();

  private constructor(parts: PullParts & PushParts) {
    this.#parts = parts;
  }

  /** Opens the images of a data root and removes what no record names: what an engine that died was at work with. */
  static async open(options: ImageServiceOptions): Promise<ImageService> {
    const { database, dataRoot, events, usersOf, registry, transfers, limits = UNPACK_LIMITS } = options;
    const store = new ImageStore(database);
    const blobs = await BlobStore.open(dataRoot);
    const layers = await LayerStore.open(dataRoot, limits);
    await layers.sweep((diffId) => store.usesLayer(diffId));
    await blobs.sweep((digest) => store.usesBlob(digest));
    await reportDamage({ store, blobs, layers });
    return new ImageService({
      ...{ store, blobs, layers, dataRoot, events, usersOf },
      downloads: await Downloads.open(dataRoot, blobs),
      registry,
      slots: new Slots(() => transfers.maxConcurrentDownloads),
      attempts: () => registry.config.maxDownloadAttempts,
      fetching: new SharedJobs(),
      uploads: new Slots(() => transfers.maxConcurrentUploads),
      packing: new SharedJobs(),
    });
  }

  /**
   * The image of a name, a name with tag or digest, an ID or the beginning of one. By its full ID an image is found
   * even when it was removed by force while a container still needs it. Throws InvalidArgument and NotFound, that also
   * when the image is for another platform than the one asked for.
   */
  get(nameOrId: string, platform?: OciPlatform): ImageRecord {
    const { store, layers } = this.#parts;
    if (platform !== undefined) this.#resolve(nameOrId, platform);
    const image = isDigest(nameOrId)
      ? store.find(nameOrId, { removed: true })
      : resolveImage(store, nameOrId);
    if (image === undefined) throw noSuchImage(nameOrId);
    return {
      id: image.id,
      config: image.config,
      repoTags: store.names(image.id).tags.map(familiarReference),
      layers: image.layers.map(({ diffId }) => layers.pathOf(diffId)),
      size: sizeOf(image),
    };
  }

  /**
   * The ID of what `get` finds, or undefined when there is no such image: whether a name still means the image it
   * once did.
   */
  idOf(nameOrId: string): Digest | undefined {
    try {
      return resolveImage(this.#parts.store, nameOrId).id;
    } catch {
      return undefined;
    }
  }

  /**
   * Why an image cannot be used: its layers are not all there. Undefined when that is not the reason. For whoever has failed
   * to mount them.
   */
  damageOf(id: Digest): Internal | undefined {
    const { store, layers } = this.#parts;
    const image = store.find(id, { removed: true });
    const lost = image?.layers.find(({ diffId }) => !existsSync(layers.pathOf(diffId)));
    return (
      image &&
      lost &&
      new Internal(damageText(nameOf(this.#parts, image), `its layer ${lost.diffId} is missing`))
    );
  }

  /** How many images there are. */
  count(): number {
    return this.#parts.store.count();
  }

  list(options: ListOptions): ImageSummary[] {
    return listImages(this.#parts, options);
  }

  /** Throws NotFound, also when the image is for another platform than the one asked for. */
  inspect(nameOrId: string, platform?: OciPlatform): ImageInspect {
    return inspectView(this.#parts, this.#resolve(nameOrId, platform));
  }

  /** Throws as `inspect`. */
  history(nameOrId: string, platform?: OciPlatform): ImageHistoryItem[] {
    const image = this.#resolve(nameOrId, platform);
    return historyView(image, this.#parts.store.names(image.id));
  }

  /**
   * Gives an image one more name. Throws NotFound, and InvalidArgument for a name that is malformed or has a digest.
   */
  tag(nameOrId: string, repository: string, tag = ''): void {
    const image = resolveImage(this.#parts.store, nameOrId);
    const reference = nameFrom(repository, tag);
    this.#parts.store.durable(() => nameImage(this.#parts, image.id, [reference]));
    this.#announce(image, 'tag', familiarReference(reference));
  }

  /** Takes away a name, and the image with the last of them. See `removeImage`. */
  remove(nameOrId: string, options: RemoveOptions = {}): Promise<ImageDeleteItem[]> {
    return removeImage(this.#parts, nameOrId, options, this.#announce);
  }

  /** Loads the images of an archive. See `loadImages`. */
  async load(body: AsyncIterable<Uint8Array>, options: LoadOptions = {}): Promise<Digest[]> {
    const ids = await loadImages(this.#parts, body, options);
    for (const id of ids) this.#announceId(id, 'load');
    return ids;
  }

  /** Makes an archive of images, to be disposed of when it has been read. See `saveImages`. */
  async save(names: readonly string[], platforms: readonly OciPlatform[] = []): Promise<SavedImages> {
    const saved = await saveImages(this.#parts, names, platforms);
    for (const image of saved.images) this.#announce(image, 'save');
    return saved;
  }

  /** Pulls an image by tag or digest, or all tags of a repository. See `pullImage`. */
  async pull(reference: ImageReference, options: PullOptions & { allTags?: boolean } = {}): Promise<void> {
    const announce = (pulled: ImageReference, id: Digest) => {
      const image = this.#parts.store.find(id);
      if (image !== undefined) this.#announce(image, 'pull', familiarReference(pulled));
    };
    if (options.allTags) await pullAllTags(this.#parts, reference, options, announce);
    else announce(withDefaultTag(reference), await pullImage(this.#parts, reference, options));
  }

  /** Pushes an image, or without a tag all of a repository. See `pushImages`. */
  push(reference: ImageReference, options: PushOptions = {}): Promise<void> {
    return pushImages(this.#parts, reference, options, (pushed, image) => {
      this.#announce(image, 'push', familiarReference(pushed));
    });
  }

  /** Makes an image from the archive of a root file system and hands back its ID. See `importImage`. */
  async import(body: AsyncIterable<Uint8Array>, options: ImportOptions = {}): Promise<Digest> {
    const { id } = await importImage(this.#parts, body, options);
    this.#announceId(id, 'import');
    return id;
  }

  /** Makes an image of another one and one more layer, and hands back its ID. See `commitImage`. */
  async commit(layer: AsyncIterable<Uint8Array>, options: CommitImageOptions): Promise<Digest> {
    const { id } = await commitImage(this.#parts, layer, options);
    const image = this.#parts.store.find(id);
    if (image !== undefined && options.reference !== undefined) {
      this.#announce(image, 'tag', familiarReference(options.reference));
    }
    return id;
  }

  /** Removes images that nobody uses. See `pruneImages`. */
  prune(filters: Filters): Promise<ImagePruneReport> {
    return pruneImages(this.#parts, this.#meter, filters, this.#announce);
  }

  /** What the images take on disk. */
  diskUsage(): Promise<ImageDiskUsage> {
    return this.#meter.measure(this.#parts);
  }

  /**
   * Deletes images that were removed by force while containers needed them, as far as none does any more. To be
   * called when a container has been removed, and once the containers of earlier runs are known.
   */
  async collect(): Promise<void> {
    await collectRemoved(this.#parts);
  }

  /** Stops the work under way. */
  async close(): Promise<void> {
    await this.#parts.layers[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #resolve(nameOrId: string, platform: OciPlatform | undefined): StoredImage {
    return resolveFor(this.#parts.store, nameOrId, platform === undefined ? [] : [platform]);
  }

  #announceId(id: Digest, action: string): void {
    const image = this.#parts.store.find(id);
    if (image !== undefined) this.#announce(image, action);
  }

  readonly #announce = (image: StoredImage, action: string, name: string = image.id): void => {
    this.#parts.events.publish('image', action, image.id, { ...image.config.config?.Labels, name });
  };
}

/** The name that `repo` and `tag` parameters make. Throws InvalidArgument. */
export function nameFrom(repository: string, tag = '') {
  const reference = parseReference(repository);
  if (reference.digest !== undefined) {
    throw new InvalidArgument('refusing to create a tag with a digest reference');
  }
  return tag === ''
    ? withDefaultTag(reference)
    : parseReference(`${familiarReference({ ...reference, tag })}`);
}
