import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CollectOptions, collect } from '../../../src/registry/server/gc/collect.ts';
import { parseConfig } from '../../../src/registry/server/index.ts';
import { openContent } from '../../../src/registry/server/open.ts';
import {
  digestOf,
  INDEX,
  MANIFEST,
  pushBlob,
  pushImage,
  putManifest,
  someBytes,
  TestRegistry,
} from './registry.ts';
import { startBucket } from './s3.ts';

const AT_ONCE: CollectOptions = { grace: 0, untagged: false, uploads: 1e9 };

/** Collects on a registry's folder as a process of its own would that has just started. */
async function collectAt(registry: TestRegistry, options: Partial<CollectOptions> = {}) {
  await using opened = await openContent(parseConfig({ root: registry.root }));
  return await collect(opened.content, { ...AT_ONCE, ...options });
}

function there(registry: TestRegistry, name: string, digest: string): Promise<boolean> {
  return registry.call('HEAD', `/v2/${name}/blobs/${digest}`).then(({ status }) => status === 200);
}

suite('garbage collection', () => {
  test('removes blobs that no manifest names, and nothing else', async () => {
    await using registry = await TestRegistry.start();
    const kept = await pushImage(registry, 'a', 'v1');
    const part = { mediaType: MANIFEST, digest: kept.digest, size: kept.bytes.length };
    const index = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [part] });
    assert.equal((await putManifest(registry, 'a', 'all', index, INDEX)).status, 201);
    const gone = await pushImage(registry, 'a', 'v2');
    const shared = await pushBlob(registry, 'b', someBytes());
    const loose = await pushBlob(registry, 'c', someBytes());
    await registry.call('POST', `/v2/d/blobs/uploads/?mount=${shared}&from=b`);
    await registry.call('DELETE', `/v2/a/manifests/${gone.digest}`);
    const collected = await collectAt(registry);
    assert.deepEqual(
      { ...collected, bytes: 0 },
      { manifests: 0, blobs: 5, bytes: 0, uploads: 0 },
      'the config, layer and manifest of one image, and two blobs',
    );
    for (const blob of [kept.config, kept.layer]) assert.ok(await there(registry, 'a', blob));
    for (const blob of [gone.config, gone.layer]) assert.ok(!(await there(registry, 'a', blob)));
    assert.ok(!(await there(registry, 'b', shared)));
    assert.ok(!(await there(registry, 'c', loose)));
    assert.deepEqual((await registry.call('GET', '/v2/a/manifests/v1')).body, kept.bytes);
    assert.deepEqual((await registry.call('GET', '/v2/_catalog')).json().repositories, ['a']);
    assert.equal((await collectAt(registry)).blobs, 0);
  });

  test('removes manifests that no tag leads to when told, and keeps parts and referrers of those that one does', async () => {
    await using registry = await TestRegistry.start();
    const child = await pushImage(registry, 'a');
    const part = { mediaType: MANIFEST, digest: child.digest, size: child.bytes.length };
    const index = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [part] });
    await putManifest(registry, 'a', 'all', index, INDEX);
    const signature = await pushImage(registry, 'a', undefined, { subject: part });
    const lonely = await pushImage(registry, 'a');
    const about = await pushImage(registry, 'a', undefined, {
      subject: { mediaType: MANIFEST, digest: lonely.digest, size: lonely.bytes.length },
    });
    assert.equal((await collectAt(registry)).manifests, 0);
    assert.equal((await collectAt(registry, { untagged: true })).manifests, 2);
    const status = async (digest: string) => (await registry.call('GET', `/v2/a/manifests/${digest}`)).status;
    for (const { digest } of [child, signature]) assert.equal(await status(digest), 200);
    for (const { digest } of [lonely, about]) assert.equal(await status(digest), 404);
  });

  test('keeps what is young', async () => {
    await using registry = await TestRegistry.start();
    const loose = await pushBlob(registry, 'a', someBytes());
    assert.equal((await collectAt(registry, { grace: 3_600_000, untagged: true })).blobs, 0);
    assert.ok(await there(registry, 'a', loose));
  });

  test('gives up uploads that nobody goes on with', async () => {
    await using registry = await TestRegistry.start();
    const { headers } = await registry.call('POST', '/v2/a/blobs/uploads/');
    assert.equal((await collectAt(registry, { uploads: 60_000 })).uploads, 0);
    await sleep(20);
    assert.equal((await collectAt(registry, { uploads: 10 })).uploads, 1);
    assert.deepEqual(readdirSync(join(registry.root, 'uploads')), []);
    assert.ok(headers.location);
  });

  test('collects nothing while a manifest cannot be understood', async () => {
    await using registry = await TestRegistry.start();
    await pushImage(registry, 'a', 'v1');
    const loose = await pushBlob(registry, 'a', someBytes());
    await using opened = await openContent(parseConfig({ root: registry.root }));
    const bytes = Buffer.from('{"schemaVersion":1}');
    const digest = digestOf(bytes);
    const hex = digest.slice(7);
    await opened.content.storage.write(
      `docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`,
      bytes,
    );
    const link = `docker/registry/v2/repositories/a/_manifests/revisions/sha256/${hex}/link`;
    await opened.content.storage.write(link, Buffer.from(digest));
    await assert.rejects(collect(opened.content, AT_ONCE), new RegExp(hex));
    assert.ok(await there(registry, 'a', loose));
  });

  for (const where of ['disk', 'S3']) {
    test(`takes nothing from those who push at the same time, on ${where}`, async () => {
      await using undo = new AsyncDisposableStack();
      const bucket = where === 'S3' ? undo.use(await startBucket()) : undefined;
      const settings = bucket ? { storage: { s3: bucket.settings } } : {};
      const grace = 700;
      const registry = undo.use(await TestRegistry.start({ ...settings, gc: { grace: `${grace}ms` } }));
      await sleep(grace);
      const content = registry.content;
      // The same blobs again and again: each push may find what an earlier one has left, just before it is collected.
      const shared = [Buffer.from('{"made":"once"}'), someBytes(5000)] as const;
      const config = {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: digestOf(shared[0]),
        size: shared[0].length,
      };
      let removed = 0;
      let inTime = 0;
      let isOver = false;
      const collecting = (async () => {
        while (!isOver) {
          removed += (await collect(content, { ...AT_ONCE, grace, untagged: true })).blobs;
          await sleep(5);
        }
      })();
      for (let round = 0; round < 8; round++) {
        const begin = Date.now();
        for (const bytes of shared) {
          if (!(await there(registry, 'busy', digestOf(bytes)))) await pushBlob(registry, 'busy', bytes);
        }
        await sleep(round % 3 === 0 ? grace * 0.4 : 10);
        const layer = {
          mediaType: 'application/vnd.oci.image.layer.v1.tar',
          digest: digestOf(shared[1]),
          size: shared[1].length,
        };
        const bytes = JSON.stringify({
          schemaVersion: 2,
          config,
          layers: [layer],
          annotations: { round: String(round) },
        });
        const answer = await putManifest(registry, 'busy', 'latest', bytes);
        // A machine that took longer than the grace period has lost its claim.
        if (Date.now() - begin >= grace && answer.status === 404) continue;
        inTime++;
        assert.equal(answer.status, 201, `${answer.body}`);
        const pulled = await registry.call('GET', `/v2/busy/blobs/${layer.digest}`);
        assert.ok(pulled.body.equals(shared[1]));
        await registry.call('DELETE', `/v2/busy/manifests/${digestOf(bytes)}`);
        await sleep(round % 2 === 0 ? grace * 1.3 : 10);
      }
      isOver = true;
      await collecting;
      assert.ok(removed > 0, 'nothing was collected meanwhile');
      assert.ok(inTime > 0, 'no push was fast enough');
    });
  }
});
