import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Internal, InvalidArgument, NotFound } from '../../src/api/index.ts';
import { BlobStore, digestOf } from '../../src/layers/index.ts';
import { scratchFolder } from './fixtures.ts';

async function* stream(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

describe('BlobStore', () => {
  test('stores a blob under its digest once it is committed', async () => {
    using scratch = scratchFolder('blobs');
    const blobs = await BlobStore.open(scratch.path);
    {
      await using staged = await blobs.ingest(stream('he', 'llo'), { limit: 10 });
      assert.equal(staged.digest, digestOf(Buffer.from('hello')));
      assert.ok(!blobs.has(staged.digest));
      await staged.commit();
      await staged.commit();
    }
    assert.equal((await blobs.read(digestOf(Buffer.from('hello')), 10)).toString(), 'hello');
    assert.deepEqual(readdirSync(join(scratch.path, 'tmp/blobs')), []);
  });

  test('leaves nothing of a blob that is too large, not the one expected, cut off or not committed', async () => {
    using scratch = scratchFolder('blobs');
    const blobs = await BlobStore.open(scratch.path);
    await assert.rejects(blobs.ingest(stream('hello'), { limit: 4 }), InvalidArgument);
    const other = digestOf(Buffer.from('other'));
    await assert.rejects(blobs.ingest(stream('hello'), { limit: 10, digest: other }), InvalidArgument);
    await assert.rejects(blobs.ingest(stream('hello'), { limit: 10, size: 6 }), InvalidArgument);
    const broken = (async function* () {
      yield Buffer.from('he');
      throw new Error('connection lost');
    })();
    await assert.rejects(blobs.ingest(broken, { limit: 10 }), /connection lost/);
    {
      await using _staged = await blobs.ingest(stream('hello'), { limit: 10 });
    }
    assert.deepEqual(readdirSync(join(scratch.path, 'tmp/blobs')), []);
    assert.deepEqual(readdirSync(join(scratch.path, 'blobs/sha256')), []);
  });

  test('notices a blob that was changed on disk', async () => {
    using scratch = scratchFolder('blobs');
    const blobs = await BlobStore.open(scratch.path);
    const digest = await blobs.put(Buffer.from('hello'));
    writeFileSync(blobs.pathOf(digest), 'HELLO');
    await assert.rejects(blobs.read(digest, 10), Internal);
    await assert.rejects(blobs.read(digest, 4), InvalidArgument);
    await assert.rejects(blobs.read(digestOf(Buffer.from('x')), 4), NotFound);
  });

  test('sweeps what nobody uses and forgets what was half written', async () => {
    using scratch = scratchFolder('blobs');
    const blobs = await BlobStore.open(scratch.path);
    const [used, pinned, unused] = await Promise.all(
      ['a', 'b', 'c'].map((text) => blobs.put(Buffer.from(text))),
    );
    using _pin = blobs.pins.pin(pinned!);
    await blobs.sweep((digest) => digest === used);
    assert.deepEqual([blobs.has(used!), blobs.has(pinned!), blobs.has(unused!)], [true, true, false]);
    writeFileSync(join(scratch.path, 'tmp/blobs/half'), '');
    await BlobStore.open(scratch.path);
    assert.deepEqual(readdirSync(join(scratch.path, 'tmp/blobs')), []);
  });
});
