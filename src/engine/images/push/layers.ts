import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import { type ImageProgress, type ImageReference, Internal } from '../../../api/index.ts';
import type { Digest, OciDescriptor } from '../../../layers/index.ts';
import { RegistryFailure, type Repository, upload, withRetries } from '../../../registry/index.ts';
import type { ImageLayer, StoredImage } from '../record.ts';
import type { PushParts } from './parts.ts';

/** Repositories of the registry that are asked whether they have a layer. */
const MAX_SOURCES = 3;
/** How often progress is told, in milliseconds. */
const PACE = 100;

type Show = (status: string, detail?: { current: number; total: number }) => void;

/** Makes all layers of an image, and its config, be in a repository. Throws RegistryFailure, Internal for a damaged blob. */
export async function pushLayers(
  parts: PushParts,
  repository: Repository,
  reference: ImageReference,
  image: StoredImage,
  signal: AbortSignal,
  progress: (line: ImageProgress) => void,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const layers = image.layers.toReversed();
  const showOf = ({ diffId }: ImageLayer): Show => {
    const id = diffId.slice(7, 19);
    return (status, progressDetail = {} as never) => progress({ status, progressDetail, id });
  };
  for (const layer of layers) showOf(layer)('Preparing');
  // The same archive may come twice, as an empty layer does.
  const running = new Map<Digest, Promise<string>>();
  const jobs = layers.map(async (layer) => {
    const show = showOf(layer);
    const job = running.get(layer.blob) ?? pushLayer(parts, repository, reference, layer, either, show);
    running.set(layer.blob, job);
    try {
      show(await job);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  });
  await Promise.allSettled(jobs);
  failed.signal.throwIfAborted();
  const size = await parts.blobs.sizeOf(image.id);
  await pushBlob(parts, repository, { digest: image.id, size }, [], signal, () => {});
}

/** What became of the layer, in Docker's words. */
async function pushLayer(
  parts: PushParts,
  repository: Repository,
  reference: ImageReference,
  { blob, blobSize }: ImageLayer,
  signal: AbortSignal,
  show: Show,
): Promise<string> {
  using _slot = await parts.uploads.take(signal, () => show('Waiting'));
  const sources = parts.store.repositoriesWith(blob, reference.domain);
  const others = sources.filter((path) => path !== reference.path).slice(0, MAX_SOURCES);
  const result = await pushBlob(parts, repository, { digest: blob, size: blobSize }, others, signal, show);
  if (result === undefined) return 'Layer already exists';
  if (result.kind === 'uploaded') return 'Pushed';
  return `Mounted from ${result.from}`;
}

/** Undefined when the blob was there. */
async function pushBlob(
  parts: PushParts,
  repository: Repository,
  { digest, size }: Pick<OciDescriptor, 'digest' | 'size'>,
  sources: readonly string[],
  signal: AbortSignal,
  show: Show,
) {
  try {
    return await withRetries(
      {
        attempts: parts.attempts(),
        signal,
        patient: true,
        onPause: (pause) => show(`Retrying in ${Math.ceil(pause / 1000)} seconds`),
      },
      async () => {
        if ((await repository.blobSize(digest, signal)) === size) return undefined;
        const path = parts.blobs.pathOf(digest);
        const open = (start: number, end: number) =>
          createReadStream(path, { start, end: end - 1, highWaterMark: 256 << 10 }).pipe(
            counter(start, size, show),
          );
        return upload(repository, { digest, size, open }, { sources, signal });
      },
    );
  } catch (error) {
    throw await blame(parts, digest, error);
  }
}

/** A registry that refuses a blob for its digest is right when the disk has spoiled it: the next pull then fetches it anew. */
async function blame(parts: PushParts, digest: Digest, error: unknown): Promise<unknown> {
  if (!(error instanceof RegistryFailure) || error.status !== 400) return error;
  if (await parts.blobs.isSound(digest)) return error;
  return new Internal(
    `blob ${digest} is damaged on disk: pull or load the image again, which puts it right`,
    { cause: error },
  );
}

/** Passes bytes on and tells how many there were. */
function counter(start: number, total: number, show: Show): Transform {
  let current = start;
  let told = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      current += chunk.length;
      if (Date.now() - told > PACE) {
        told = Date.now();
        show('Pushing', { current, total });
      }
      done(null, chunk);
    },
  });
}
