import { familiarReference, type ImageProgress, InvalidArgument } from '../../../api/index.ts';
import type { Digest, OciPlatform } from '../../../layers/index.ts';
import { type ImageSource, installImage } from '../install.ts';
import type { ImageParts } from '../parts.ts';
import { HOST_PLATFORM } from '../platform.ts';
import { type ArchivePlace, ImageArchive } from './archive.ts';
import { DOCKER_MANIFEST, readDockerArchive } from './docker-archive.ts';
import { OCI_INDEX, readOciLayout } from './oci-layout.ts';

export interface LoadOptions {
  /** Which image of several to take; the machine's own unless told otherwise. */
  platform?: OciPlatform | undefined;
  /** Hears of every step. */
  progress?: (line: ImageProgress) => void;
}

/**
 * Loads all images of an archive: one made by `docker save`, or an OCI image layout, compressed or not. Throws
 * InvalidArgument; images that were complete before the failure stay, of the others nothing does.
 */
export async function loadImages(
  parts: ImageParts,
  body: AsyncIterable<Uint8Array>,
  { platform = HOST_PLATFORM, progress = () => {} }: LoadOptions,
): Promise<Digest[]> {
  const shown = new Set<string>();
  const onLayer = (id: string, current: number, total: number) => {
    shown.add(id);
    progress({ status: 'Loading layer', progressDetail: { current, total }, id });
  };
  await using archive = await ImageArchive.receive({ ...placeOf(parts), onLayer }, body);
  const loaded: Digest[] = [];
  for await (const source of imagesOf(archive, platform)) {
    const { id, renamed } = await installImage(parts, source, ({ blob }, diffId) => {
      const names = [diffId, blob.digest].map((digest) => digest.slice(7, 19));
      if (!names.some((name) => shown.has(name))) onLayer(names[0]!, blob.size, blob.size);
    });
    for (const { name, id: old } of renamed) {
      progress({
        stream: `The image ${name} already exists, renaming the old one with ID ${old} to empty string\n`,
      });
    }
    if (source.names.length === 0) progress({ stream: `Loaded image ID: ${id}\n` });
    for (const name of source.names) progress({ stream: `Loaded image: ${familiarReference(name)}\n` });
    loaded.push(id);
  }
  return loaded;
}

function placeOf({ blobs, layers, store }: ImageParts): Omit<ArchivePlace, 'onLayer'> {
  const isUnpacked = (blob: Digest) => layers.isIntact(store.diffIdOf(blob) ?? blob);
  return { blobs, layers, isUnpacked };
}

/** Docker's own list goes first, as with Docker: an archive may have both. */
function imagesOf(archive: ImageArchive, platform: OciPlatform): AsyncGenerator<ImageSource> {
  if (archive.has(DOCKER_MANIFEST)) return readDockerArchive(archive);
  if (archive.has(OCI_INDEX)) return readOciLayout(archive, platform);
  throw new InvalidArgument(
    `this is not an archive of images: it has neither ${DOCKER_MANIFEST} nor ${OCI_INDEX}; a root file system goes to import`,
  );
}
