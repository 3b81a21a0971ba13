import {
  type BlobStore,
  type Digest,
  DigestMismatch,
  type Downloads,
  type IncomingBlob,
  type OciDescriptor,
  type StagedBlob,
} from '../../../layers/index.ts';
import type { Repository } from '../../../registry/index.ts';
import type { Slots } from '../../slots.ts';
import type { ImageParts } from '../parts.ts';
import { download } from './download.ts';

/** How often the progress of unpacking is looked at, in milliseconds. */
const LOOK = 100;

/** A layer as manifest and config name it. */
export interface WantedLayer {
  readonly descriptor: OciDescriptor;
  readonly diffId: Digest;
}

/** How far a layer is. */
export interface LayerProgress {
  readonly status: string;
  readonly current?: number;
  readonly total?: number;
}

/** What fetching layers works with. */
export interface FetchParts extends Pick<ImageParts, 'blobs' | 'layers'> {
  readonly downloads: Downloads;
  readonly slots: Slots;
  readonly attempts: () => number;
}

type Report = (progress: LayerProgress) => void;

/** Whether a layer is here already: its files, and its archive, which pushing needs. */
export async function isPresent({ blobs, layers }: FetchParts, wanted: WantedLayer): Promise<boolean> {
  const { descriptor, diffId } = wanted;
  return (await layers.isIntact(diffId)) && (await hasBlob(blobs, descriptor));
}

/**
 * Downloads a layer and unpacks it while it comes in. The layer is in the store then, its archive ready to be committed;
 * both must be pinned by the caller. Throws RegistryFailure, DigestMismatch, InvalidArgument for an archive that is
 * refused.
 */
export async function fetchLayer(
  parts: FetchParts,
  wanted: WantedLayer,
  repository: Repository,
  signal: AbortSignal,
  report: Report,
): Promise<StagedBlob> {
  const { descriptor, diffId } = wanted;
  if (await hasBlob(parts.blobs, descriptor)) {
    const blob = storedBlob(parts, descriptor);
    report({ status: 'Extracting', current: 0, total: descriptor.size });
    await parts.layers.unpack(diffId, blob.path);
    report({ status: 'Pull complete' });
    return blob;
  }
  using slot = await parts.slots.take(signal, () => report({ status: 'Waiting' }));
  for (;;) {
    await using blob = await parts.downloads.receive(descriptor);
    try {
      return await receiveLayer(parts, wanted, repository, blob, signal, report, slot);
    } catch (error) {
      // What an earlier engine left may have been spoiled since; what comes fresh from the registry is its own.
      if (!(error instanceof DigestMismatch) || !blob.resumed) throw error;
    }
  }
}

async function receiveLayer(
  parts: FetchParts,
  { descriptor, diffId }: WantedLayer,
  repository: Repository,
  blob: IncomingBlob,
  signal: AbortSignal,
  report: Report,
  slot: Disposable,
): Promise<StagedBlob> {
  const { size: total } = descriptor;
  const unpacking = parts.layers.unpack(diffId, blob.growth);
  // The end of the download tells more of what is wrong with the archive.
  unpacking.catch(() => {});
  try {
    await download(repository, descriptor, blob, {
      attempts: parts.attempts(),
      signal,
      onProgress: (current) => report({ status: 'Downloading', current, total }),
      onPause: (pause) =>
        report({ status: `Retrying in ${Math.ceil(pause / 1000)} second${pause > 1000 ? 's' : ''}` }),
    });
    report({ status: 'Verifying Checksum' });
    const staged = await blob.finish();
    slot[Symbol.dispose]();
    report({ status: 'Download complete' });
    await withProgress(unpacking, () =>
      report({ status: 'Extracting', current: blob.growth.consumed, total }),
    );
    report({ status: 'Pull complete' });
    return staged;
  } finally {
    blob.growth.break();
    await unpacking.catch(() => {});
  }
}

async function withProgress(work: Promise<unknown>, look: () => void): Promise<void> {
  look();
  const timer = setInterval(look, LOOK);
  try {
    await work;
  } finally {
    clearInterval(timer);
  }
}

/** Whether an archive is in the store, undamaged. */
async function hasBlob(blobs: BlobStore, { digest, size }: OciDescriptor): Promise<boolean> {
  const found = await blobs.sizeOf(digest).catch(() => -1);
  return found === size && (await blobs.isIntact(digest));
}

/** An archive that is in the store already. */
export function storedBlob({ blobs }: FetchParts, { digest, size }: OciDescriptor): StagedBlob {
  return {
    digest,
    size,
    path: blobs.pathOf(digest),
    async commit() {},
    async [Symbol.asyncDispose]() {},
  };
}
