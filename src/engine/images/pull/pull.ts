import {
  familiarName,
  familiarReference,
  type ImageProgress,
  type ImageReference,
  InvalidArgument,
  NotFound,
  withDefaultTag,
} from '../../../api/index.ts';
import {
  type Digest,
  type OciManifest,
  type OciPlatform,
  parseImageConfig,
  parseManifest,
  type StagedBlob,
} from '../../../layers/index.ts';
import {
  type Credentials,
  explainPull,
  type RegistryClient,
  RegistryFailure,
  type Repository,
  withRetries,
} from '../../../registry/index.ts';
import type { SharedJobs } from '../../shared-jobs.ts';
import { dropUnused, type InstalledImage, installImage } from '../install.ts';
import type { ImageParts } from '../parts.ts';
import { formatPlatform, HOST_PLATFORM, matchesPlatform } from '../platform.ts';
import { choose } from './choose.ts';
import {
  type FetchParts,
  fetchLayer,
  isPresent,
  type LayerProgress,
  storedBlob,
  type WantedLayer,
} from './layer.ts';

export interface PullOptions {
  /** The machine's own unless told otherwise. */
  readonly platform?: OciPlatform | undefined;
  readonly credentials?: Credentials | undefined;
  /** Ends the pull when its client has gone. */
  readonly signal?: AbortSignal | undefined;
  /** Hears of every step, in Docker's words. */
  readonly progress?: (line: ImageProgress) => void;
}

/** What pulling works with. */
export interface PullParts extends ImageParts, FetchParts {
  readonly registry: RegistryClient;
  /** Layers on their way, by the digest of their archive. */
  readonly fetching: SharedJobs<Digest, LayerProgress, StagedBlob>;
}

/** An image of a registry with everything but its layers. */
interface FoundImage {
  readonly reference: ImageReference;
  /** Of what the name stands for: an index, or the manifest itself. */
  readonly digest: Digest;
  readonly manifest: Buffer;
  readonly documents: readonly Buffer[];
  readonly config: Buffer;
  readonly layers: readonly WantedLayer[];
}

/**
 * Pulls the image that `reference` names by tag or digest. Hands back its ID. Throws NotFound, Unauthorized, Internal in
 * Docker's words, and InvalidArgument for an image that is refused; nothing is left then but what a next pull goes on with.
 */
export async function pullImage(
  parts: PullParts,
  reference: ImageReference,
  options: PullOptions,
): Promise<Digest> {
  const complete = withDefaultTag(reference);
  const { credentials, signal = new AbortController().signal } = options;
  try {
    return await parts.registry.atRepository(complete, { credentials, signal }, (repository) =>
      pullFrom(parts, repository, complete, { ...options, signal }),
    );
  } catch (error) {
    signal.throwIfAborted();
    throw explainPull(error, complete);
  }
}

/** Pulls every tag of a repository. Throws as `pullImage`, with the first image that fails. */
export async function pullAllTags(
  parts: PullParts,
  reference: ImageReference,
  options: PullOptions,
  onImage: (reference: ImageReference, id: Digest) => void,
): Promise<void> {
  const { credentials, signal, progress = () => {} } = options;
  let tags: string[];
  try {
    tags = await parts.registry.atRepository(reference, { credentials, signal }, (repository) =>
      repository.tags(signal),
    );
  } catch (error) {
    throw explainPull(error, reference);
  }
  for (const tag of tags) {
    const quiet = (line: ImageProgress) => {
      if (!line.status?.startsWith('Status: ')) progress(line);
    };
    const tagged = { ...reference, tag, digest: undefined };
    onImage(tagged, await pullImage(parts, tagged, { ...options, progress: quiet }));
  }
  progress({ status: `Status: Downloaded newer image for ${familiarName(reference)}` });
}

async function pullFrom(
  parts: PullParts,
  repository: Repository,
  reference: ImageReference,
  options: PullOptions & { signal: AbortSignal },
): Promise<Digest> {
  const { progress = () => {} } = options;
  const found = await find(parts, repository, reference, options);
  const before = parts.store.idOf(reference);
  progress({ status: `Pulling from ${reference.path}`, id: reference.digest ?? reference.tag ?? '' });
  const { id } = await fetchAndInstall(parts, repository, found, options.signal, progress);
  progress({ status: `Digest: ${found.digest}` });
  const result = before === id ? 'Image is up to date' : 'Downloaded newer image';
  progress({ status: `Status: ${result} for ${familiarReference(reference)}` });
  return id;
}

/** Asks the registry for manifest and config. */
async function find(
  parts: PullParts,
  repository: Repository,
  reference: ImageReference,
  { platform, signal }: PullOptions & { signal: AbortSignal },
): Promise<FoundImage> {
  const name = familiarReference(reference);
  const attempts = parts.attempts();
  return withRetries({ attempts, signal }, async () => {
    const top = await repository.manifest(reference.digest ?? reference.tag!, signal);
    const { manifest, indexes } = await choose(repository, top, platform ?? HOST_PLATFORM, signal);
    const parsed = parseManifest(manifest.bytes, `the manifest of ${name}`);
    const config = await repository.document(parsed.config, signal);
    return {
      reference,
      digest: top.digest,
      manifest: manifest.bytes,
      documents: indexes.map(({ bytes }) => bytes),
      config,
      layers: layersOf(name, parsed, config, platform),
    };
  });
}

/** Pairs the layers of manifest and config. Throws InvalidArgument when they do not fit, NotFound for another platform. */
function layersOf(
  name: string,
  manifest: OciManifest,
  bytes: Buffer,
  platform: OciPlatform | undefined,
): WantedLayer[] {
  const config = parseImageConfig(bytes, `the config of ${name}`);
  const { diff_ids: diffIds } = config.rootfs;
  if (diffIds.length !== manifest.layers.length) {
    throw new InvalidArgument(
      `the config of ${name} names ${diffIds.length} layers, but its manifest has ${manifest.layers.length}`,
    );
  }
  if (
    platform &&
    config.architecture &&
    !matchesPlatform({ ...config, os: config.os || 'linux' }, platform)
  ) {
    throw new NotFound(
      `image with reference ${name} was found but does not match the specified platform: ` +
        `wanted ${formatPlatform(platform)}, actual: ${formatPlatform(config)}`,
    );
  }
  return manifest.layers.map((descriptor, index) => ({ descriptor, diffId: diffIds[index]! }));
}

async function fetchAndInstall(
  parts: PullParts,
  repository: Repository,
  found: FoundImage,
  signal: AbortSignal,
  progress: (line: ImageProgress) => void,
): Promise<InstalledImage> {
  const { reference, digest, layers } = found;
  const diffIds = layers.map(({ diffId }) => diffId);
  await using undo = new AsyncDisposableStack();
  undo.defer(async () => void (await dropUnused(parts, diffIds, [])));
  using pins = new DisposableStack();
  for (const { descriptor, diffId } of layers) {
    pins.use(parts.layers.pins.pin(diffId));
    pins.use(parts.blobs.pins.pin(descriptor.digest));
  }
  const blobs = await fetchAll(parts, repository, layers, signal, progress).catch((error: unknown) => {
    // What a sound part of a broken image has cost is of no use to anybody.
    if (!isWorthContinuing(error, signal)) {
      undo.defer(async () => {
        for (const { descriptor } of layers) await parts.downloads.discard(descriptor.digest);
      });
    }
    throw error;
  });
  return installImage(parts, {
    config: found.config,
    manifest: found.manifest,
    documents: found.documents,
    layers: layers.map(({ descriptor }, index) => ({ blob: blobs[index]!, mediaType: descriptor.mediaType })),
    names: namesOf(reference, digest),
  });
}

/** Whether the next pull of the image may get further. */
function isWorthContinuing(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted || (error instanceof RegistryFailure && error.isPassing);
}

/** By tag, an image is known by the tag and by the digest that it stood for; by digest, by that alone. */
function namesOf({ domain, path, tag, digest: asked }: ImageReference, digest: Digest): ImageReference[] {
  const byDigest = { domain, path, digest };
  return asked === undefined ? [{ domain, path, tag }, byDigest] : [byDigest];
}

/** Fetches all layers side by side, and waits for all of them also when one fails. */
async function fetchAll(
  parts: PullParts,
  repository: Repository,
  layers: readonly WantedLayer[],
  signal: AbortSignal,
  progress: (line: ImageProgress) => void,
): Promise<StagedBlob[]> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const show = ({ descriptor }: WantedLayer, { status, ...progressDetail }: LayerProgress) =>
    progress({ status, progressDetail, id: descriptor.digest.slice(7, 19) });
  const present = await Promise.all(layers.map((layer) => isPresent(parts, layer)));
  layers.forEach((layer, index) => {
    show(layer, { status: present[index] ? 'Already exists' : 'Pulling fs layer' });
  });
  const jobs = layers.map(async (layer, index) => {
    if (present[index]) return storedBlob(parts, layer.descriptor);
    try {
      return await parts.fetching.join(
        layer.descriptor.digest,
        (stop, report) => fetchLayer(parts, layer, repository, stop, report),
        { signal: either, listen: (event) => show(layer, event) },
      );
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  });
  await Promise.allSettled(jobs);
  failed.signal.throwIfAborted();
  return Promise.all(jobs);
}
