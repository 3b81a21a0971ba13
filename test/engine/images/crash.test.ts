import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Filters } from '../../../src/api/index.ts';
import { file } from '../../layers/fixtures.ts';
import { dockerArchive, imageSpec, openImages } from './fixtures.ts';

const ROUNDS = 12;

describe('an engine that is killed while it loads and removes images', () => {
  test('has whole images and nothing else when it comes back', async () => {
    await using own = await openImages();
    await own.images.close();
    const layers = Array.from({ length: 3 }, (_, layer) =>
      Array.from({ length: 400 }, (_, index) => file(`${layer}/${index}`, 'x'.repeat(100))),
    );
    const spec = await imageSpec({ names: ['victim:1'], layers });
    const archive = join(own.root, 'archive.tar');
    writeFileSync(archive, await dockerArchive([spec]));
    for (let round = 0; round < ROUNDS; round++) {
      await killLoader(own.root, archive, Math.random() * 250);
      await own.reopen();
      const images = own.images.list({ filters: new Filters() });
      for (const { Id, RepoTags } of images) {
        assert.equal(Id, spec.id);
        // A kill may come between the removal of the name and that of the image, as rmi itself works.
        assert.ok(RepoTags.length <= 1);
        const folders = own.images.get(Id).layers;
        assert.deepEqual(
          folders.map((path, index) => readdirSync(join(path, String(index))).length),
          [400, 400, 400],
        );
      }
      assert.equal(readdirSync(join(own.root, 'layers')).length, images.length * 3);
      assert.equal(readdirSync(join(own.root, 'blobs/sha256')).length, images.length * 5);
      own.assertNothingStaged();
      await until(() => readdirSync(join(own.root, 'tmp/layers')).length === 0);
      await own.images.close();
    }
  });
});

async function killLoader(dataRoot: string, archive: string, delay: number): Promise<void> {
  const program = join(import.meta.dirname, 'loader.ts');
  const child = spawn(process.execPath, [program, dataRoot, archive], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  await sleep(delay);
  child.kill('SIGKILL');
  await exited;
  assert.ok(existsSync(dataRoot));
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    assert.ok(tries < 500, 'it never happened');
    await sleep(20);
  }
}
