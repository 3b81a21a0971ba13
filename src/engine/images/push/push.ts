import {
  familiarName,
  familiarReference,
  type ImageProgress,
  type ImageReference,
  NotFound,
  nowNanos,
  repositoryOf,
} from '../../../api/index.ts';
import type { Digest, OciPlatform } from '../../../layers/index.ts';
import { type Credentials, explainPush, type Repository, withRetries } from '../../../registry/index.ts';
import { formatPlatform, matchesPlatform } from '../platform.ts';
import type { StoredImage } from '../record.ts';
import { pushLayers } from './layers.ts';
import { type PushedManifest, pushManifest } from './manifest.ts';
import { packImage } from './pack.ts';
import type { PushParts } from './parts.ts';

export interface PushOptions {
  readonly credentials?: Credentials | undefined;
  /** Refuses an image for another platform. */
  readonly platform?: OciPlatform | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Hears of every step, in Docker's words. */
  readonly progress?: (line: ImageProgress) => void;
}

/**
 * Pushes an image, or, without a tag, all images of the repository that have one. Throws NotFound for what is not here,
 * Unauthorized, Internal in Docker's words. `onImage` hears of every tag that the registry has now.
 */
export async function pushImages(
  parts: PushParts,
  reference: ImageReference,
  { signal = new AbortController().signal, ...options }: PushOptions,
  onImage: (reference: ImageReference, image: StoredImage) => void,
): Promise<void> {
  const { progress = () => {}, credentials, platform } = options;
  const images = imagesOf(parts, reference);
  if (platform) for (const { image } of images) checkPlatform(reference, image, platform);
  progress({ status: `The push refers to repository [${repositoryOf(reference)}]` });
  try {
    await parts.registry.atRepository(
      reference,
      { credentials, signal, actions: ['pull', 'push'] },
      async (repository) => {
        await withRetries({ attempts: parts.attempts(), signal }, () => repository.ping(signal));
        for (const { tag, image } of images) {
          const pushed = await pushOne(parts, repository, { ...reference, tag }, image.id, signal, progress);
          sayPushed(tag, pushed, progress);
          const byDigest = { domain: reference.domain, path: reference.path, digest: pushed.digest };
          parts.store.durable(() => parts.store.name(byDigest, image.id, nowNanos()));
          onImage({ ...reference, tag }, image);
        }
      },
    );
  } catch (error) {
    signal.throwIfAborted();
    throw explainPush(error, reference);
  }
}

function imagesOf({ store }: PushParts, reference: ImageReference): { tag: string; image: StoredImage }[] {
  const tags = reference.tag === undefined ? store.tagsOf(reference) : [reference.tag];
  const found = tags.flatMap((tag) => {
    const id = store.idOf({ ...reference, tag, digest: undefined });
    const image = id && store.find(id);
    return image ? [{ tag, image }] : [];
  });
  if (found.length > 0) return found;
  const name = familiarName(reference);
  throw reference.tag === undefined || store.tagsOf(reference).length === 0
    ? new NotFound(`An image does not exist locally with the tag: ${name}`)
    : new NotFound(`tag does not exist: ${familiarReference(reference)}`);
}

function checkPlatform(reference: ImageReference, { config }: StoredImage, platform: OciPlatform): void {
  if (matchesPlatform(config, platform)) return;
  throw new NotFound(
    `image with reference ${familiarReference(reference)} was found but does not match the specified platform: ` +
      `wanted ${formatPlatform(platform)}, actual: ${formatPlatform(config)}`,
  );
}

async function pushOne(
  parts: PushParts,
  repository: Repository,
  reference: ImageReference & { tag: string },
  id: Digest,
  signal: AbortSignal,
  progress: (line: ImageProgress) => void,
): Promise<PushedManifest> {
  const image = await packImage(parts, id);
  await pushLayers(parts, repository, reference, image, signal, progress);
  return withRetries({ attempts: parts.attempts(), signal }, () =>
    pushManifest(parts, repository, image, reference.tag, signal),
  );
}

function sayPushed(tag: string, pushed: PushedManifest, progress: (line: ImageProgress) => void): void {
  const { digest, size, mediaType, insteadOf } = pushed;
  if (insteadOf !== undefined) {
    const aux = {
      manifestPushedInsteadOfIndex: true,
      originalIndex: insteadOf,
      selectedManifest: { mediaType, digest, size },
    };
    progress({ aux });
  }
  progress({ status: `${tag}: digest: ${digest} size: ${size}` });
  progress({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } });
}
