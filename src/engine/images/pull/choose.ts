import { InvalidArgument, NotFound } from '../../../api/index.ts';
import { type OciPlatform, parseIndex } from '../../../layers/index.ts';
import { isIndex, type RemoteManifest, type Repository } from '../../../registry/index.ts';
import { formatPlatform, matchesPlatform } from '../platform.ts';

/** Indexes may list indexes; nobody nests deeper. */
const MAX_DEPTH = 4;

/** A manifest of an image and the indexes through which it was found, outermost first. */
export interface Choice {
  readonly manifest: RemoteManifest;
  readonly indexes: readonly RemoteManifest[];
}

/** Finds the manifest for a platform. Throws NotFound when the image has none, and as `Repository.manifest`. */
export async function choose(
  repository: Repository,
  top: RemoteManifest,
  wanted: OciPlatform,
  signal: AbortSignal,
): Promise<Choice> {
  const indexes: RemoteManifest[] = [];
  let manifest = top;
  while (isIndex(manifest.mediaType)) {
    indexes.push(manifest);
    if (indexes.length > MAX_DEPTH) throw new InvalidArgument('the image nests indexes too deeply');
    const { manifests } = parseIndex(manifest.bytes, `index ${manifest.digest}`);
    const fitting = manifests.filter(({ platform }) => platform && matchesPlatform(platform, wanted));
    // Of several variants the one that was asked for goes first; an entry without a platform is better than none.
    const best =
      fitting.find(({ platform }) => (platform?.variant ?? '') === (wanted.variant ?? '')) ??
      fitting[0] ??
      manifests.find(({ platform }) => !platform);
    if (best === undefined)
      throw new NotFound(`no matching manifest for ${formatPlatform(wanted)} in the manifest list entries`);
    manifest = await repository.manifest(best.digest, signal);
  }
  return { manifest, indexes };
}
