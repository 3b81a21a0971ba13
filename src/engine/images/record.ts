import type { ImageReference } from '../../api/index.ts';
import type { Digest, OciImageConfig } from '../../layers/index.ts';

/** What others need of an image to make a container from it. */
export interface ImageRecord {
  /** Digest of the config. */
  id: Digest;
  config: OciImageConfig;
  /** Names with tags, as people write them. */
  repoTags: string[];
  /** Absolute paths of the layers' folders, lowest first. */
  layers: string[];
  /** Bytes of all files of all layers. */
  size: number;
}

/** A layer of an image: the archive in the blob store and the folder in the layer store. */
export interface ImageLayer {
  diffId: Digest;
  /** Digest of the archive as it is stored, compressed or not. */
  blob: Digest;
  mediaType: string;
  blobSize: number;
  /** Bytes of content of its files. */
  size: number;
}

/** What is kept of an image. */
export interface StoredImage {
  id: Digest;
  config: OciImageConfig;
  manifest: Digest;
  layers: ImageLayer[];
  /** The image that it was made from here; it may be gone by now. */
  parent?: Digest | undefined;
  /** When the newest name was given: nanoseconds since 1970. Undefined when there never was one. */
  lastTagged: bigint | undefined;
}

/** The names of an image: tags, and digests under which registries know it. Sorted. */
export interface ImageNames {
  tags: ImageReference[];
  digests: ImageReference[];
}

/** A container that was made from an image. */
export interface ImageUser {
  id: string;
  running: boolean;
}

/** Bytes of all files of all layers of an image. */
export function sizeOf({ layers }: Pick<StoredImage, 'layers'>): number {
  return layers.reduce((sum, layer) => sum + layer.size, 0);
}
