import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, MANIFEST, pushBlob, pushImage, someBytes, type TestRegistry } from './registry.ts';

/** Distribution specification 1.1, "Pull". */
export function pullConformance(registry: () => TestRegistry): void {
  const missing = `sha256:${'0'.repeat(64)}`;

  test('says that it speaks the specification', async () => {
    assert.equal((await registry().call('GET', '/v2/')).status, 200);
  });

  test('gives a manifest by tag and by digest, byte for byte, with its type and digest', async () => {
    const { digest, bytes } = await pushImage(registry(), 'pull/image', 'v1', { annotations: { a: 'ä  b' } });
    for (const reference of ['v1', digest]) {
      const answer = await registry().call('GET', `/v2/pull/image/manifests/${reference}`);
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.body, bytes);
      assert.equal(answer.headers['content-type'], MANIFEST);
      assert.equal(answer.headers['docker-content-digest'], digest);
      const head = await registry().call('HEAD', `/v2/pull/image/manifests/${reference}`);
      assert.equal(head.status, 200);
      assert.equal(head.body.length, 0);
      assert.equal(head.headers['content-length'], String(bytes.length));
      assert.equal(head.headers['docker-content-digest'], digest);
    }
  });

  test('answers 404 for a manifest that is not there', async () => {
    await pushImage(registry(), 'pull/image', 'v1');
    for (const reference of ['no-such-tag', missing, '.not-a-tag']) {
      const answer = await registry().call('GET', `/v2/pull/image/manifests/${reference}`);
      assert.equal(answer.status, 404, reference);
      assert.equal(answer.code, 'MANIFEST_UNKNOWN');
      assert.equal((await registry().call('HEAD', `/v2/pull/image/manifests/${reference}`)).status, 404);
    }
  });

  test('gives a blob, and its size and digest to HEAD', async () => {
    const bytes = someBytes(300_000);
    const digest = await pushBlob(registry(), 'pull/blob', bytes);
    const answer = await registry().call('GET', `/v2/pull/blob/blobs/${digest}`);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, bytes);
    assert.equal(answer.headers['docker-content-digest'], digest);
    const head = await registry().call('HEAD', `/v2/pull/blob/blobs/${digest}`);
    assert.equal(head.status, 200);
    assert.equal(head.headers['content-length'], String(bytes.length));
    assert.equal(head.body.length, 0);
  });

  test('answers 404 for a blob that is not there, or is in another repository alone', async () => {
    const digest = await pushBlob(registry(), 'pull/other', someBytes());
    for (const it of [missing, digest]) {
      const answer = await registry().call('GET', `/v2/pull/blob/blobs/${it}`);
      assert.equal(answer.status, 404);
      assert.equal(answer.code, 'BLOB_UNKNOWN');
      assert.equal((await registry().call('HEAD', `/v2/pull/blob/blobs/${it}`)).status, 404);
    }
  });

  test('gives the part of a blob that Range asks for', async () => {
    const bytes = someBytes(1000);
    const path = `/v2/pull/blob/blobs/${await pushBlob(registry(), 'pull/blob', bytes)}`;
    const parts: [string, number, number][] = [
      ['bytes=0-0', 0, 0],
      ['bytes=100-199', 100, 199],
      ['bytes=900-', 900, 999],
      ['bytes=990-5000', 990, 999],
      ['bytes=-10', 990, 999],
      ['bytes=-5000', 0, 999],
    ];
    for (const [range, start, end] of parts) {
      const answer = await registry().call('GET', path, { headers: { Range: range } });
      assert.equal(answer.status, 206, range);
      assert.equal(answer.headers['content-range'], `bytes ${start}-${end}/1000`);
      assert.deepEqual(answer.body, bytes.subarray(start, end + 1));
    }
    for (const range of ['bytes=1000-', 'bytes=1000-2000', 'bytes=-0']) {
      const answer = await registry().call('GET', path, { headers: { Range: range } });
      assert.equal(answer.status, 416, range);
      assert.equal(answer.headers['content-range'], 'bytes */1000');
    }
    for (const range of ['bytes=5-2', 'lines=1-2', 'bytes=0-1,3-4', 'bytes=-']) {
      assert.equal((await registry().call('GET', path, { headers: { Range: range } })).status, 200, range);
    }
  });

  test('gives an empty blob', async () => {
    const digest = await pushBlob(registry(), 'pull/blob', Buffer.alloc(0));
    assert.equal(digest, digestOf(''));
    const answer = await registry().call('GET', `/v2/pull/blob/blobs/${digest}`);
    assert.equal(answer.status, 200);
    assert.equal(answer.body.length, 0);
  });

  test('sends nothing again that the client has', async () => {
    const { digest, layer } = await pushImage(registry(), 'pull/image', 'v1');
    for (const path of [`blobs/${layer}`, 'manifests/v1']) {
      const etag = `"${path.startsWith('blobs') ? layer : digest}"`;
      const answer = await registry().call('GET', `/v2/pull/image/${path}`, {
        headers: { 'If-None-Match': etag },
      });
      assert.equal(answer.status, 304);
    }
  });
}
