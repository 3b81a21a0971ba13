import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { type ImageProgress, parseReference } from '../../src/api/index.ts';
import type { PullOptions, PushOptions } from '../../src/engine/images/index.ts';
import { imageSpec, openImages } from '../engine/images/fixtures.ts';
import { file } from '../layers/fixtures.ts';

/** Bytes that no compression makes smaller. */
export function noise(size: number, seed = 1): string {
  let state = seed;
  let text = '';
  while (text.length < size) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    text += state.toString(36);
  }
  return text.slice(0, size);
}

/** An image of three layers, the largest of some 300 kB. */
export function threeLayers(seed = 1, compress: (bytes: Buffer) => Buffer = (bytes) => gzipSync(bytes)) {
  return imageSpec({
    names: [],
    layers: [
      [file('a', `one ${seed}`)],
      [file('b', noise(600_000, seed))],
      [file('c', 'three'), file('d', noise(50_000, seed + 1))],
    ],
    compress,
  });
}

/** The images of an engine, with what pulls say. */
export async function openPuller() {
  const own = await openImages();
  return Object.assign(own, {
    /** Pulls and hands back all progress. */
    async pull(name: string, options: PullOptions & { allTags?: boolean } = {}): Promise<ImageProgress[]> {
      const lines: ImageProgress[] = [];
      await own.images.pull(parseReference(name), { progress: (line) => lines.push(line), ...options });
      return lines;
    },
    async push(name: string, options: PushOptions = {}): Promise<ImageProgress[]> {
      const lines: ImageProgress[] = [];
      await own.images.push(parseReference(name), { progress: (line) => lines.push(line), ...options });
      return lines;
    },
    /** Nothing but whole, owned things. */
    async assertNothingHalf(): Promise<void> {
      own.assertEmpty();
      assert.deepEqual(readdirSync(join(own.root, 'downloads')), []);
      // The files of layers go in the background.
      const half = () => readdirSync(join(own.root, 'tmp/layers'));
      for (let tries = 0; tries < 500 && half().length > 0; tries++) await sleep(10);
      assert.deepEqual(half(), []);
    },
  });
}

export type Puller = Awaited<ReturnType<typeof openPuller>>;

/** The lines that a client shows where it cannot rewrite them. */
export function plainLines(lines: readonly ImageProgress[]): string[] {
  return lines
    .filter(({ status, progressDetail }) => status !== undefined && progressDetail?.current === undefined)
    .map(({ id, status }) => (id === undefined ? status! : `${id}: ${status}`));
}
