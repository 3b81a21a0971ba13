import { readFile } from 'node:fs/promises';
import { type ImageReference, InvalidArgument, parseReference, withDefaultTag } from '../../../api/index.ts';
import {
  MAX_DOCUMENT,
  MEDIA_TYPES,
  type OciDescriptor,
  type OciIndex,
  type OciManifest,
  type OciPlatform,
  parseImageConfig,
  parseIndex,
  parseManifest,
} from '../../../layers/index.ts';
import type { ImageSource } from '../install.ts';
import { formatPlatform, matchesPlatform } from '../platform.ts';
import type { ImageArchive } from './archive.ts';

/** The file that lists the images of an OCI image layout. */
export const OCI_INDEX = 'index.json';

/** Annotations that name an image, the better one first. */
const NAMES = ['io.containerd.image.name', 'org.opencontainers.image.ref.name'];

const INDEX_TYPES: readonly string[] = [MEDIA_TYPES.index, MEDIA_TYPES.dockerList];
const CONFIG_TYPES: readonly string[] = [MEDIA_TYPES.config, MEDIA_TYPES.dockerConfig];
/** An index may list others; nobody nests deeper. */
const MAX_DEPTH = 4;

/**
 * The images of an archive in OCI image layout. Of an image for several platforms only the one that is wanted is
 * taken; several entries for one image give it several names. Throws InvalidArgument, also when nothing fits the
 * platform.
 */
export async function* readOciLayout(
  archive: ImageArchive,
  wanted: OciPlatform,
): AsyncGenerator<ImageSource> {
  const index = parseIndex(await archive.read(OCI_INDEX, MAX_DOCUMENT), OCI_INDEX);
  const found: { descriptor: OciDescriptor; names: ImageReference[] }[] = [];
  for (const descriptor of index.manifests) {
    const manifest = await choose(archive, descriptor, wanted, 0);
    if (manifest === undefined) continue;
    const known = found.find((other) => other.descriptor.digest === manifest.digest);
    if (known) known.names.push(...namesOf(descriptor));
    else found.push({ descriptor: manifest, names: namesOf(descriptor) });
  }
  if (found.length === 0) {
    throw new InvalidArgument(`the archive has no image for ${formatPlatform(wanted)}`);
  }
  for (const { descriptor, names } of found)
    yield readImage(archive, await document(archive, descriptor), names);
}

/** The manifest that `descriptor` means on this platform, or undefined when it has none. */
async function choose(
  archive: ImageArchive,
  descriptor: OciDescriptor,
  wanted: OciPlatform,
  depth: number,
): Promise<OciDescriptor | undefined> {
  if (depth > MAX_DEPTH) throw new InvalidArgument('the archive nests image indexes too deeply');
  if (INDEX_TYPES.includes(descriptor.mediaType)) {
    const index: OciIndex = parseIndex(await document(archive, descriptor), `index ${descriptor.digest}`);
    // Those that say their platform go first; attestations call theirs unknown.
    const sorted = index.manifests.toSorted((a, b) => Number(!a.platform) - Number(!b.platform));
    for (const inner of sorted) {
      const manifest = await choose(archive, inner, wanted, depth + 1);
      if (manifest !== undefined) return manifest;
    }
    return undefined;
  }
  if (descriptor.platform)
    return matchesPlatform(descriptor.platform, wanted) ? present(archive, descriptor) : undefined;
  return (await fits(archive, descriptor, wanted)) ? descriptor : undefined;
}

/** An archive need not hold every platform that its index lists. */
function present(archive: ImageArchive, descriptor: OciDescriptor): OciDescriptor | undefined {
  return archive.has(`blobs/${descriptor.digest.replace(':', '/')}`) ? descriptor : undefined;
}

/** Whether a manifest that says nothing of its platform is for this one, by its config. */
async function fits(archive: ImageArchive, descriptor: OciDescriptor, wanted: OciPlatform): Promise<boolean> {
  const { config }: OciManifest = parseManifest(
    await document(archive, descriptor),
    `manifest ${descriptor.digest}`,
  );
  // Signatures and the like are manifests too.
  if (!CONFIG_TYPES.includes(config.mediaType)) return false;
  const { os, architecture, variant } = parseImageConfig(
    await document(archive, config),
    `config ${config.digest}`,
  );
  return architecture === '' || matchesPlatform({ os: os || 'linux', architecture, variant }, wanted);
}

async function readImage(
  archive: ImageArchive,
  bytes: Buffer,
  names: ImageReference[],
): Promise<ImageSource> {
  const manifest: OciManifest = parseManifest(bytes, 'the manifest of the image');
  return {
    config: await document(archive, manifest.config),
    manifest: bytes,
    layers: manifest.layers.map((layer) => archive.layer(archive.blob(layer.digest), layer.mediaType)),
    names,
  };
}

/** A small blob of the archive, verified. */
async function document(archive: ImageArchive, { digest, size }: OciDescriptor): Promise<Buffer> {
  const blob = archive.blob(digest);
  if (blob.size !== size)
    throw new InvalidArgument(`blob ${digest} has ${blob.size} bytes instead of ${size}`);
  if (size > MAX_DOCUMENT) throw new InvalidArgument(`blob ${digest} is larger than ${MAX_DOCUMENT} bytes`);
  return readFile(blob.path);
}

/** The names that an entry gives its image. A mere tag, as some tools write it, is no name. */
function namesOf({ annotations }: OciDescriptor): ImageReference[] {
  const name = NAMES.map((key) => annotations?.[key]).find((text) => text && /[/:]/.test(text));
  return name ? [withDefaultTag(parseReference(name))] : [];
}
