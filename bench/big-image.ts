import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type TarInput, writeTar } from '../src/layers/index.ts';

/** What a big image is to be made of. */
export interface BigImage {
  /** `big:1` unless told. */
  readonly name?: string;
  /** 8 unless told. */
  readonly layers?: number;
  /** Bytes of all files together; 350 MB unless told. */
  readonly bytes?: number;
}

/** Sizes of the files of a layer, over and over: as in a layer of packages, most are small and few make most of it. */
const SIZES = [2_000, 5_000, 900, 40_000, 12_000, 700, 180_000, 3_000, 25_000, 1_500, 8_000, 2_400_000];
const FILES_PER_FOLDER = 40;

/**
 * Writes an archive of one image as `docker save` does, without compression. The same wish gives the same bytes. Half of
 * every file can be compressed and half cannot, which is about what programs and their libraries come to.
 */
export async function writeBigImage(path: string, wish: BigImage = {}): Promise<void> {
  const { name = 'big:1', layers = 8, bytes = 350_000_000 } = wish;
  await pipeline(
    Readable.from(writeTar(members(name, layers, Math.ceil(bytes / layers)))),
    createWriteStream(path),
  );
}

async function* members(name: string, count: number, bytes: number): AsyncGenerator<TarInput> {
  const diffIds: string[] = [];
  const paths: string[] = [];
  for (let index = 0; index < count; index++) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of writeTar(filesOf(index, bytes))) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const digest = createHash('sha256').update(body).digest('hex');
    diffIds.push(`sha256:${digest}`);
    paths.push(`${digest}/layer.tar`);
    yield { entry: { name: paths.at(-1)! }, body };
  }
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      created: '2024-05-06T07:08:09Z',
      config: { Cmd: ['sh'] },
      rootfs: { type: 'layers', diff_ids: diffIds },
      history: diffIds.map((_, index) => ({ created: '2024-05-06T07:08:09Z', created_by: `layer ${index}` })),
    }),
  );
  const file = `${createHash('sha256').update(config).digest('hex')}.json`;
  yield { entry: { name: file }, body: config };
  const list = [{ Config: file, RepoTags: [name], Layers: paths }];
  yield { entry: { name: 'manifest.json' }, body: Buffer.from(JSON.stringify(list)) };
}

/** The files of a layer: `bytes` of them, in folders. */
function* filesOf(layer: number, bytes: number): Generator<TarInput> {
  const root = `usr/lib/part-${layer}`;
  for (const name of ['usr', 'usr/lib', root]) yield { entry: { name, type: 'directory' } };
  for (let index = 0, left = bytes; left > 0; index++) {
    const folder = `${root}/${Math.floor(index / FILES_PER_FOLDER)}`;
    if (index % FILES_PER_FOLDER === 0) yield { entry: { name: folder, type: 'directory' } };
    const size = Math.min(left, SIZES[index % SIZES.length]!);
    yield { entry: { name: `${folder}/file-${index}` }, body: content(`${layer}/${index}`, size) };
    left -= size;
  }
}

/** `size` bytes that follow from `seed`: 4 KiB of noise and 4 KiB of text in turn. */
function content(seed: string, size: number): Buffer {
  const body = Buffer.alloc(size, `${seed}: the quick brown fox jumps over the lazy dog\n`);
  for (let start = 0; start < size; start += 8192) {
    const noise = createHash('shake256', { outputLength: 4096 }).update(`${seed}/${start}`).digest();
    noise.copy(body, start);
  }
  return body;
}
