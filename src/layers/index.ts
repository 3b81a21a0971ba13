export * from '../tar/index.ts';
export * from './archive.ts';
export type { ExtractOptions, FileView, LayerPair } from './archive-jobs.ts';
export type { PathStat } from './archive-stat.ts';
export { type BlobExpectation, BlobStore, type StagedBlob } from './blobs.ts';
export {
  type Compression,
  decompress,
  detectCompression,
  layerMediaType,
  looksLikeArchive,
  type SizeLimits,
} from './compression.ts';
export type { Change } from './diff.ts';
export { chainIdOf, type Digest, digestOf, hexOf, isDigest, parseDigest } from './digest.ts';
export { DigestMismatch, Downloads, type IncomingBlob } from './downloads.ts';
export { expand } from './expand.ts';
export { MEDIA_TYPES } from './media-types.ts';
export { MAX_LAYERS, mountRootfs, type RootfsMount, unmountRootfs } from './mount.ts';
export * from './oci.ts';
export { Pins } from './pins.ts';
export { type Layer, LayerStore, type PreparedLayer } from './store.ts';
export { copyAttributes } from './tree-copy.ts';
export { UNPACK_LIMITS, type UnpackLimits } from './unpack/limits.ts';
