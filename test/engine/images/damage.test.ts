import assert from 'node:assert/strict';
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { Filters } from '../../../src/api/index.ts';
import { configureLog } from '../../../src/engine/index.ts';
import { file, folder } from '../../layers/fixtures.ts';
import { chunks, dockerArchive, type ImageSpec, imageSpec, openImages } from './fixtures.ts';

type Images = Awaited<ReturnType<typeof openImages>>;

/** An image of two layers, loaded, and how to load it again. */
async function loaded(own: Images): Promise<{ spec: ImageSpec; load: () => Promise<unknown> }> {
  const spec = await imageSpec({
    names: ['app:1'],
    layers: [[folder('d'), file('d/a', 'x'.repeat(5000)), file('d/b', 'bbb')], [file('c', 'ccc')]],
  });
  const archive = await dockerArchive([spec]);
  const load = () => own.images.load(chunks(archive));
  await load();
  return { spec, load };
}

async function assertWhole(own: Images): Promise<void> {
  const [lower, upper] = own.images.get('app:1').layers;
  assert.equal(readFileSync(join(lower!, 'd/a'), 'utf8'), 'x'.repeat(5000));
  assert.equal(readFileSync(join(lower!, 'd/b'), 'utf8'), 'bbb');
  assert.equal(readFileSync(join(upper!, 'c'), 'utf8'), 'ccc');
  await using saved = await own.images.save(['app:1']);
  for await (const _bytes of saved.content);
  assert.equal(readdirSync(join(own.root, 'layers')).length, 2);
  own.assertNothingStaged();
}

describe('an image whose files are damaged is repaired by the next load', () => {
  const damages: Record<string, (layer: string) => void> = {
    'a layer that is gone': (layer) => rmSync(dirname(layer), { recursive: true }),
    'a layer whose files are gone': (layer) => rmSync(layer, { recursive: true }),
    'a layer without its note': (layer) => rmSync(join(dirname(layer), 'layer.json')),
    'a layer with a note that was cut off': (layer) => truncateSync(join(dirname(layer), 'layer.json'), 3),
    'a file that is missing': (layer) => rmSync(join(layer, 'd/b')),
    'a file that was cut off': (layer) => truncateSync(join(layer, 'd/a'), 4999),
    'a file too many': (layer) => writeFileSync(join(layer, 'd/more'), ''),
  };
  for (const [name, damage] of Object.entries(damages)) {
    test(name, async () => {
      await using own = await openImages();
      const { load } = await loaded(own);
      damage(own.images.get('app:1').layers[0]!);
      await load();
      await assertWhole(own);
    });
  }

  test('a blob of other bytes, though nothing else about its file has changed', async () => {
    await using own = await openImages();
    const { spec, load } = await loaded(own);
    const blobs = join(own.root, 'blobs/sha256');
    assert.equal(readdirSync(blobs).length, 4);
    for (const name of readdirSync(blobs)) {
      const path = join(blobs, name);
      const { size, atime, mtime } = statSync(path);
      writeFileSync(path, Buffer.alloc(size, 'x'));
      utimesSync(path, atime, mtime);
      await assert.rejects(
        own.images.save(['app:1']),
        new RegExp(`image app:1 is damaged: blob sha256:${name}`),
      );
      await load();
      await assertWhole(own);
    }
    assert.equal(own.images.get('app:1').id, spec.id);
  });

  test('a layer that is whole is left as it is', async () => {
    await using own = await openImages();
    const { load } = await loaded(own);
    const [layer] = own.images.get('app:1').layers;
    const { ino } = statSync(layer!);
    await load();
    assert.equal(statSync(layer!).ino, ino);
  });
});

describe('an engine that finds images damaged', () => {
  test('names them and what they have lost when it starts', async () => {
    await using own = await openImages();
    const { spec } = await loaded(own);
    rmSync(dirname(own.images.get('app:1').layers[1]!), { recursive: true });
    rmSync(join(own.root, 'blobs/sha256', spec.id.slice(7)));
    let logged = '';
    configureLog({
      sink: (line) => {
        logged += line;
      },
    });
    await own.reopen();
    configureLog({ sink: (line) => void process.stderr.write(line) });
    assert.match(logged, /level=warning .*image app:1 is damaged: .*load or pull the image again/);
    assert.ok(logged.includes(`its layer ${spec.diffIds[1]} is missing`));
    assert.ok(logged.includes(`its blob ${spec.id} is missing`));
    assert.match(own.images.damageOf(spec.id)?.message ?? '', /image app:1 is damaged: its layer sha256:/);
    assert.equal(own.images.list({ filters: new Filters() }).length, 1);
    await own.images.remove('app:1');
    assert.ok(!existsSync(join(own.root, 'blobs/sha256', spec.id.slice(7))));
    own.assertEmpty();
  });
});
