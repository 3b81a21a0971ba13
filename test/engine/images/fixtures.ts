import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONFIG_DEFAULTS } from '../../../src/engine/config.ts';
import { Database } from '../../../src/engine/database.ts';
import { HOST_PLATFORM, ImageService, type ImageUser } from '../../../src/engine/images/index.ts';
import { type Digest, digestOf, MEDIA_TYPES, type TarInput } from '../../../src/layers/index.ts';
import { RegistryClient } from '../../../src/registry/index.ts';
import { archive, file, scratchFolder } from '../../layers/fixtures.ts';

/** What an image is to be made of. */
export interface ImageWish {
  names: string[];
  layers?: TarInput[][];
  compress?: (bytes: Buffer) => Buffer;
  architecture?: string;
  created?: string;
  labels?: Record<string, string>;
  /** The last step of the history made no layer. */
  emptyStep?: boolean;
}

/** An image that can be packed into an archive. */
export interface ImageSpec {
  id: Digest;
  names: string[];
  config: Buffer;
  architecture: string;
  diffIds: Digest[];
  layers: { blob: Buffer; mediaType: string }[];
}

export async function imageSpec(wish: ImageWish): Promise<ImageSpec> {
  const {
    names,
    layers = [[file('a', 'one')]],
    compress = (bytes) => bytes,
    architecture = HOST_PLATFORM.architecture,
  } = wish;
  const tars = await Promise.all(layers.map((inputs) => archive(inputs)));
  const diffIds = tars.map(digestOf);
  const history = tars.map((_, index) => ({ created_by: `step ${index}` }));
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: 'linux',
      created: wish.created ?? '2024-05-06T07:08:09Z',
      config: { Cmd: ['sh'], Env: null, ...(wish.labels ? { Labels: wish.labels } : {}) },
      rootfs: { type: 'layers', diff_ids: diffIds },
      history: wish.emptyStep ? [...history, { created_by: 'CMD', empty_layer: true }] : history,
    }),
  );
  const blobs = tars.map((tar) => ({ blob: compress(tar), mediaType: MEDIA_TYPES.layer }));
  return { id: digestOf(config), names, config, architecture, diffIds, layers: blobs };
}

interface PackOptions {
  /** A last change to the members before they are packed. */
  change?: (members: TarInput[]) => TarInput[];
}

/** An archive as `docker save` made it before Docker 25. */
export async function dockerArchive(
  specs: ImageSpec[],
  { change = (members) => members }: PackOptions = {},
): Promise<Buffer> {
  const members = new Map<string, Buffer>();
  const list = specs.map(({ id, names, config, layers }) => {
    members.set(`${id.slice(7)}.json`, config);
    const paths = layers.map(({ blob }) => `${digestOf(blob).slice(7)}/layer.tar`);
    for (const [index, path] of paths.entries()) members.set(path, layers[index]!.blob);
    return { Config: `${id.slice(7)}.json`, RepoTags: names.length > 0 ? names : null, Layers: paths };
  });
  members.set('manifest.json', Buffer.from(JSON.stringify(list)));
  return archive(change([...members].map(([name, body]) => ({ entry: { name }, body }))));
}

interface OciOptions extends PackOptions {
  /** Put all images into one index for several platforms, which has this name. */
  indexName?: string;
  /** Whether entries say their platform. */
  withPlatforms?: boolean;
}

/** An archive in OCI image layout. */
export async function ociArchive(specs: ImageSpec[], options: OciOptions = {}): Promise<Buffer> {
  const { indexName, withPlatforms = false, change = (members) => members } = options;
  const blobs = new Map<Digest, Buffer>();
  const store = (mediaType: string, bytes: Buffer) => {
    blobs.set(digestOf(bytes), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const entries = specs.flatMap((spec) => {
    const manifest = json({
      schemaVersion: 2,
      config: store(MEDIA_TYPES.config, spec.config),
      layers: spec.layers.map(({ mediaType, blob }) => store(mediaType, blob)),
    });
    const platform = withPlatforms ? { platform: { os: 'linux', architecture: spec.architecture } } : {};
    const descriptor = { ...store(MEDIA_TYPES.manifest, manifest), ...platform };
    if (spec.names.length === 0) return [descriptor];
    return spec.names.map((name) => ({
      ...descriptor,
      annotations: { 'org.opencontainers.image.ref.name': name },
    }));
  });
  const nested = () => store(MEDIA_TYPES.index, json({ schemaVersion: 2, manifests: entries }));
  const manifests =
    indexName === undefined
      ? entries
      : [{ ...nested(), annotations: { 'io.containerd.image.name': indexName } }];
  const members = [
    ...[...blobs].map(([digest, body]) => ({ entry: { name: `blobs/sha256/${digest.slice(7)}` }, body })),
    { entry: { name: 'index.json' }, body: json({ schemaVersion: 2, manifests }) },
    { entry: { name: 'oci-layout' }, body: json({ imageLayoutVersion: '1.0.0' }) },
  ];
  return archive(change(members));
}

export async function* chunks(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += 10_000) yield bytes.subarray(start, start + 10_000);
}

export interface PublishedEvent {
  action: string;
  id: string;
  attributes: Readonly<Record<string, string>>;
}

/** The images of an engine of their own. */
export async function openImages(usersOf: () => readonly ImageUser[] = () => []) {
  const scratch = scratchFolder('images');
  const root = scratch.path;
  const events: PublishedEvent[] = [];
  const database = new Database(join(root, 'berth.db'));
  const open = () =>
    ImageService.open({
      database,
      dataRoot: root,
      registry: new RegistryClient(CONFIG_DEFAULTS),
      transfers: CONFIG_DEFAULTS,
      events: {
        publish: (_type, action, id, attributes = {}) => void events.push({ action, id, attributes }),
      },
      usersOf,
    });
  const own = {
    root,
    events,
    images: await open(),
    /** Makes an image and loads it. */
    async add(wish: ImageWish): Promise<ImageSpec> {
      const spec = await imageSpec(wish);
      await own.images.load(chunks(await dockerArchive([spec])));
      return spec;
    },
    async reopen(): Promise<void> {
      await own.images.close();
      own.images = await open();
    },
    /** Leaves behind what an engine leaves that is killed. */
    litter(): void {
      for (const folder of ['layers', 'tmp/layers']) {
        mkdirSync(join(root, folder, 'f'.repeat(64), 'diff'), { recursive: true });
      }
      for (const folder of ['blobs/sha256', 'tmp/blobs'])
        writeFileSync(join(root, folder, 'e'.repeat(64)), 'x');
    },
    assertNothingStaged(): void {
      assert.deepEqual(readdirSync(join(root, 'tmp/blobs')), []);
    },
    assertEmpty(): void {
      own.assertNothingStaged();
      assert.deepEqual(readdirSync(join(root, 'blobs/sha256')), []);
      assert.deepEqual(readdirSync(join(root, 'layers')), []);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await own.images.close();
      database.close();
      scratch[Symbol.dispose]();
    },
  };
  return own;
}
