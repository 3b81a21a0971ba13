import { gzipSync } from 'node:zlib';
import { HOST_PLATFORM } from '../../src/engine/images/index.ts';
import { type Digest, digestOf, MEDIA_TYPES, type TarInput, writeTar } from '../../src/layers/index.ts';

/** The time that everything in our images bears, so that the same sources make the same bytes. */
const CREATED = '2026-01-01T00:00:00Z';

/** An image of one layer. */
export interface ImagePlan {
  /** Complete name with tag: `docker.io/library/busybox:latest`. */
  name: string;
  files: readonly TarInput[];
  /** `config` of the image's config. */
  config: object;
  /** What the image's history says about the layer. */
  step: string;
}

/** An archive in OCI image layout that `docker load` takes too. */
export async function imageArchive(plan: ImagePlan): Promise<Buffer> {
  const seconds = Date.parse(CREATED) / 1000;
  const dated = plan.files.map(({ entry, body }) => ({
    entry: { ...entry, mtime: { seconds, nanoseconds: 0 } },
    ...(body === undefined ? {} : { body }),
  }));
  const tar = await bytesOf(dated);
  const layer = gzipSync(tar, { level: 9 });
  const config = json({
    created: CREATED,
    ...HOST_PLATFORM,
    config: plan.config,
    rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
    history: [{ created: CREATED, created_by: plan.step }],
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: descriptor(MEDIA_TYPES.config, config),
    layers: [descriptor(`${MEDIA_TYPES.layer}+gzip`, layer)],
  });
  const short = plan.name.replace(/^docker\.io\/library\//, '');
  const annotations = {
    'io.containerd.image.name': plan.name,
    'org.opencontainers.image.ref.name': short.slice(short.indexOf(':') + 1),
  };
  const index = json({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.index,
    manifests: [{ ...descriptor(MEDIA_TYPES.manifest, manifest), annotations, platform: HOST_PLATFORM }],
  });
  const dockerManifest = json([
    { Config: blobName(digestOf(config)), RepoTags: [short], Layers: [blobName(digestOf(layer))] },
  ]);
  return bytesOf([
    { entry: { name: 'blobs', type: 'directory' } },
    { entry: { name: 'blobs/sha256', type: 'directory' } },
    ...[config, manifest, layer].map((blob) => ({ entry: { name: blobName(digestOf(blob)) }, body: blob })),
    { entry: { name: 'index.json' }, body: index },
    { entry: { name: 'manifest.json' }, body: dockerManifest },
    { entry: { name: 'oci-layout' }, body: json({ imageLayoutVersion: '1.0.0' }) },
  ]);
}

function descriptor(mediaType: string, bytes: Buffer) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

function blobName(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

async function bytesOf(inputs: readonly TarInput[]): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of writeTar(inputs)) parts.push(part);
  return Buffer.concat(parts);
}
