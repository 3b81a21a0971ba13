import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, suite, test } from 'node:test';
import { parseConfig } from '../../../src/registry/server/index.ts';
import { openStorage } from '../../../src/registry/server/storage/open.ts';
import type { Storage } from '../../../src/registry/server/storage/storage.ts';
import { someBytes } from './registry.ts';
import { type Bucket, startBucket } from './s3.ts';

/** What every storage promises. `files` is a folder for local files. */
function storageConformance(
  name: string,
  open: (files: string) => Promise<{ storage: Storage } & AsyncDisposable>,
) {
  suite(`storage: ${name}`, () => {
    const files = mkdtempSync(join(tmpdir(), 'berth-storage-'));
    let opened: { storage: Storage } & AsyncDisposable;
    let storage: Storage;
    before(async () => {
      opened = await open(files);
      storage = opened.storage;
    });
    after(async () => {
      await opened[Symbol.asyncDispose]();
      rmSync(files, { recursive: true });
    });

    function file(bytes: Buffer): string {
      const path = join(files, `file-${Math.random()}`);
      writeFileSync(path, bytes);
      return path;
    }

    test('reads what was written, and what was written last', async () => {
      await storage.write('small/one', Buffer.from('first, and longer'));
      await storage.write('small/one', Buffer.from('second'));
      assert.equal((await storage.read('small/one', 100))?.toString(), 'second');
      assert.equal((await storage.stat('small/one'))?.size, 6);
      await storage.write('small/empty', Buffer.alloc(0));
      assert.equal((await storage.read('small/empty', 100))?.length, 0);
    });

    test('knows nothing of what is not there, nor of what is a folder for others', async () => {
      await storage.write('deep/er/key', Buffer.from('x'));
      for (const key of ['none', 'deep/none', 'deep/er/key/none']) {
        assert.equal(await storage.read(key, 100), undefined);
        assert.equal(await storage.stat(key), undefined);
        assert.deepEqual(await storage.list(key), []);
        await storage.remove(key);
        await storage.removeAll(key);
        await assert.rejects(async () => buffer(await storage.stream(key, { start: 0, end: 0 })));
      }
      assert.equal((await storage.read('deep/er/key', 100))?.toString(), 'x');
    });

    test('reads no more at once than it is told', async () => {
      await storage.write('large', someBytes(1000));
      await assert.rejects(storage.read('large', 999));
      assert.equal((await storage.read('large', 1000))?.length, 1000);
    });

    for (const size of [0, 1, 100_000, 8 << 20, (32 << 20) + 12_345]) {
      test(`takes over a file of ${size} bytes`, async () => {
        const bytes = someBytes(size);
        const path = file(bytes);
        await storage.adopt(path, `adopted/${size}`);
        assert.equal(statSync(path, { throwIfNoEntry: false }), undefined);
        assert.equal((await storage.stat(`adopted/${size}`))?.size, size);
        if (size === 0) return;
        const whole = await buffer(await storage.stream(`adopted/${size}`, { start: 0, end: size - 1 }));
        assert.ok(whole.equals(bytes));
        const [start, end] = [Math.floor(size / 3), Math.floor(size / 2)];
        const part = await buffer(await storage.stream(`adopted/${size}`, { start, end }));
        assert.ok(part.equals(bytes.subarray(start, end + 1)));
      });
    }

    test('takes over a file in place of another', async () => {
      await storage.adopt(file(Buffer.from('old')), 'again');
      await storage.adopt(file(Buffer.from('newer')), 'again');
      assert.equal((await storage.read('again', 100))?.toString(), 'newer');
    });

    test('lists what is directly under a key, in order, beyond one page', async () => {
      const names = Array.from({ length: 1100 }, (_, index) => `k${index}`);
      for (let at = 0; at < names.length; at += 50) {
        const some = names.slice(at, at + 50);
        await Promise.all(some.map((it) => storage.write(`list/${it}`, Buffer.from(it))));
      }
      await storage.write('list/folder/below/more', Buffer.from('x'));
      await storage.write('list-beside', Buffer.from('x'));
      const found = await storage.list('list');
      assert.deepEqual(
        found.map((entry) => entry.name),
        [...names, 'folder'].sort(),
      );
      assert.deepEqual(
        found.filter((entry) => entry.isFolder).map((entry) => entry.name),
        ['folder'],
      );
      await storage.removeAll('list');
      assert.deepEqual(await storage.list('list'), []);
      assert.notEqual(await storage.stat('list-beside'), undefined);
    });

    test('removes one object, and the folders that it leaves empty', async () => {
      await storage.write('gone/a/one', Buffer.from('1'));
      await storage.write('gone/a/two', Buffer.from('2'));
      await storage.remove('gone/a/one');
      assert.deepEqual(await storage.list('gone/a'), [{ name: 'two', isFolder: false }]);
      await storage.remove('gone/a/two');
      assert.deepEqual(await storage.list('gone'), []);
    });

    test('lets readers finish with an object that is replaced or removed', async () => {
      const bytes = someBytes(2 << 20);
      await storage.adopt(file(bytes), 'busy');
      const stream = await storage.stream('busy', { start: 0, end: bytes.length - 1 });
      await storage.remove('busy');
      assert.ok((await buffer(stream)).equals(bytes));
    });

    test('is whole at every moment for those who read while many write', async () => {
      const versions = Array.from({ length: 20 }, (_, index) => Buffer.alloc(50_000, index));
      await storage.write('contended', versions[0]!);
      const writing = Promise.all(versions.map((bytes) => storage.write('contended', bytes)));
      for (let round = 0; round < 20; round++) {
        const seen = await storage.read('contended', 100_000);
        assert.ok(versions.some((bytes) => bytes.equals(seen!)));
      }
      await writing;
    });

    test('writes into folders that others empty at the same time', async () => {
      for (let round = 0; round < 30; round++) {
        await storage.write('race/folder/old', Buffer.from('x'));
        await Promise.all([
          storage.remove('race/folder/old'),
          storage.write('race/folder/new', Buffer.from('y')),
        ]);
        assert.equal((await storage.read('race/folder/new', 10))?.toString(), 'y');
        await storage.remove('race/folder/new');
      }
    });
  });
}

storageConformance('disk', async (root) => {
  const storage = await openStorage(parseConfig({ root }));
  return {
    storage,
    [Symbol.asyncDispose]: async () => assert.deepEqual(readdirSync(join(root, 'staging')), []),
  };
});

storageConformance('S3', async (root) => {
  const bucket: Bucket = await startBucket();
  const storage = await openStorage(parseConfig({ root, storage: { s3: bucket.settings } }));
  return {
    storage,
    [Symbol.asyncDispose]: async () => {
      await storage.close();
      await bucket[Symbol.asyncDispose]();
    },
  };
});
