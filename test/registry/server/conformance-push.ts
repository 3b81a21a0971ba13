import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Answer,
  digestOf,
  INDEX,
  MANIFEST,
  pushBlob,
  pushImage,
  putManifest,
  someBytes,
  type TestRegistry,
} from './registry.ts';

const REPOSITORY = 'push/image';
const UPLOADS = `/v2/${REPOSITORY}/blobs/uploads/`;

/** Distribution specification 1.1, "Push". */
export function pushConformance(registry: () => TestRegistry): void {
  async function begin(): Promise<string> {
    const answer = await registry().call('POST', UPLOADS);
    assert.equal(answer.status, 202);
    return answer.headers.location!;
  }

  function patch(location: string, bytes: Buffer, start?: number): Promise<Answer> {
    const range = start === undefined ? {} : { 'Content-Range': `${start}-${start + bytes.length - 1}` };
    return registry().call('PATCH', location, {
      body: bytes,
      headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes.length, ...range },
    });
  }

  async function assertBlob(digest: string, bytes: Buffer): Promise<void> {
    const answer = await registry().call('GET', `/v2/${REPOSITORY}/blobs/${digest}`);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, bytes);
  }

  test('takes a blob by POST and PUT', async () => {
    const bytes = someBytes(100_000);
    const digest = digestOf(bytes);
    const answer = await registry().call('PUT', `${await begin()}?digest=${digest}`, { body: bytes });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.location, `/v2/${REPOSITORY}/blobs/${digest}`);
    await assertBlob(digest, bytes);
  });

  test('takes a blob in a single POST', async () => {
    const bytes = someBytes(100_000);
    const answer = await registry().call('POST', `${UPLOADS}?digest=${digestOf(bytes)}`, { body: bytes });
    assert.equal(answer.status, 201);
    assert.ok(answer.headers.location);
    await assertBlob(digestOf(bytes), bytes);
  });

  test('takes a blob in chunks, and says how far it has come', async () => {
    const bytes = someBytes(1000);
    const location = await begin();
    assert.equal((await patch(location, bytes.subarray(0, 400), 0)).headers.range, '0-399');
    const status = await registry().call('GET', location);
    assert.equal(status.status, 204);
    assert.equal(status.headers.range, '0-399');
    assert.equal(status.headers.location, location);
    const second = await patch(status.headers.location, bytes.subarray(400, 700), 400);
    assert.equal(second.status, 202);
    assert.equal(second.headers.range, '0-699');
    const last = { 'Content-Range': '700-999', 'Content-Length': 300 };
    const done = await registry().call('PUT', `${second.headers.location}?digest=${digestOf(bytes)}`, {
      body: bytes.subarray(700),
      headers: last,
    });
    assert.equal(done.status, 201);
    await assertBlob(digestOf(bytes), bytes);
  });

  test('takes a stream without a length', async () => {
    const bytes = someBytes(50_000);
    const location = await begin();
    const sent = await registry().call('PATCH', location, {
      body: bytes,
      headers: { 'Transfer-Encoding': 'chunked' },
    });
    assert.equal(sent.status, 202);
    assert.equal((await registry().call('PUT', `${location}?digest=${digestOf(bytes)}`)).status, 201);
    await assertBlob(digestOf(bytes), bytes);
  });

  test('refuses a chunk out of order with 416, and goes on with the right one', async () => {
    const bytes = someBytes(300);
    const location = await begin();
    assert.equal((await patch(location, bytes.subarray(100, 200), 100)).status, 416);
    assert.equal((await patch(location, bytes.subarray(0, 100), 0)).status, 202);
    for (const start of [0, 99, 101, 200]) {
      const answer = await patch(location, bytes.subarray(200, 300), start);
      assert.equal(answer.status, 416, `at ${start}`);
      assert.equal(answer.headers.range, '0-99');
    }
    const early = await registry().call('PUT', `${location}?digest=${digestOf(bytes)}`, {
      body: bytes.subarray(200),
      headers: { 'Content-Range': '200-299', 'Content-Length': 100 },
    });
    assert.equal(early.status, 416);
    assert.equal((await patch(location, bytes.subarray(100), 100)).status, 202);
    assert.equal((await registry().call('PUT', `${location}?digest=${digestOf(bytes)}`)).status, 201);
    await assertBlob(digestOf(bytes), bytes);
  });

  test('refuses a Content-Range that contradicts the body', async () => {
    const location = await begin();
    const headers = { 'Content-Range': '0-9', 'Content-Length': 5 };
    assert.equal((await registry().call('PATCH', location, { body: 'abcde', headers })).status, 400);
    const streamed = { 'Content-Range': '0-9', 'Transfer-Encoding': 'chunked' };
    for (const body of ['abcde', 'abcdeabcdeabcde']) {
      const answer = await registry().call('PATCH', location, { body, headers: streamed });
      assert.equal(answer.status, 400);
      assert.equal(answer.code, 'BLOB_UPLOAD_INVALID');
    }
    for (const range of ['5-2', 'all', '0-9999999999999999999']) {
      const answer = await registry().call('PATCH', location, {
        body: 'abcde',
        headers: { 'Content-Range': range },
      });
      assert.equal(answer.status, 400, range);
    }
    assert.equal((await registry().call('GET', location)).headers.range, '0-0');
  });

  test('refuses content that is not what its digest says, and keeps none of it', async () => {
    const digest = digestOf('something else');
    const whole = await registry().call('POST', `${UPLOADS}?digest=${digest}`, { body: 'something' });
    assert.equal(whole.status, 400);
    assert.equal(whole.code, 'DIGEST_INVALID');
    const location = await begin();
    assert.equal(
      (await registry().call('PUT', `${location}?digest=${digest}`, { body: 'something' })).status,
      400,
    );
    assert.equal((await registry().call('GET', location)).status, 404);
    assert.equal((await registry().call('HEAD', `/v2/${REPOSITORY}/blobs/${digest}`)).status, 404);
  });

  test('refuses an upload that ends without a digest, or with half of one', async () => {
    for (const query of [
      '',
      '?digest=',
      '?digest=sha256:abc',
      '?digest=md5:d41d8cd98f00b204e9800998ecf8427e',
    ]) {
      const answer = await registry().call('PUT', `${await begin()}${query}`, { body: 'x' });
      assert.equal(answer.status, 400, query);
      assert.equal(answer.code, 'DIGEST_INVALID');
    }
  });

  test('gives an upload up, and knows none that it has not begun', async () => {
    const location = await begin();
    assert.equal((await registry().call('DELETE', location)).status, 204);
    const gone = [location, `${UPLOADS}5f3b2c1a-0000-4000-8000-000000000000`, `${UPLOADS}abc`];
    for (const path of gone) {
      for (const method of ['GET', 'PATCH', 'DELETE']) {
        const answer = await registry().call(method, path);
        assert.equal(answer.status, 404, `${method} ${path}`);
        assert.equal(answer.code, 'BLOB_UPLOAD_UNKNOWN');
      }
    }
    const elsewhere = (await begin()).replace(REPOSITORY, 'push/other');
    assert.equal((await registry().call('GET', elsewhere)).status, 404);
  });

  test('mounts a blob of another repository, or begins an upload where it cannot', async () => {
    const bytes = someBytes();
    const digest = await pushBlob(registry(), 'push/source', bytes);
    const mount = (what: string, from: string) => registry().call('POST', `${UPLOADS}?mount=${what}${from}`);
    const mounted = await mount(digest, '&from=push/source');
    assert.equal(mounted.status, 201);
    assert.equal(mounted.headers.location, `/v2/${REPOSITORY}/blobs/${digest}`);
    await assertBlob(digest, bytes);
    for (const [what, from] of [
      [digestOf('no'), '&from=push/source'],
      [digest, '&from=push/nowhere'],
      [digest, '&from=../x'],
      ['x', ''],
    ]) {
      const answer = await mount(what!, from!);
      assert.equal(answer.status, 202, `${what}${from}`);
      assert.ok(answer.headers.location);
    }
  });

  test('takes sha512 digests', async () => {
    const bytes = someBytes(10_000);
    const digest = digestOf(bytes, 'sha512');
    const whole = await registry().call('POST', `${UPLOADS}?digest=${digest}`, { body: bytes });
    assert.equal(whole.status, 201);
    await assertBlob(digest, bytes);
    const other = someBytes(10_000);
    const location = await begin();
    assert.equal((await patch(location, other)).status, 202);
    assert.equal(
      (await registry().call('PUT', `${location}?digest=${digestOf(other, 'sha512')}`)).status,
      201,
    );
    await assertBlob(digestOf(other, 'sha512'), other);
    const { bytes: manifest } = await pushImage(registry(), REPOSITORY);
    const name = digestOf(manifest, 'sha512');
    const put = await putManifest(registry(), REPOSITORY, name, manifest);
    assert.equal(put.status, 201);
    assert.equal(put.headers['docker-content-digest'], name);
    const pulled = await registry().call('GET', `/v2/${REPOSITORY}/manifests/${name}`);
    assert.deepEqual(pulled.body, manifest);
  });

  test('takes a manifest by tag and by digest', async () => {
    const { digest, bytes } = await pushImage(registry(), REPOSITORY, 'first');
    const answer = await putManifest(registry(), REPOSITORY, digest, bytes);
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.location, `/v2/${REPOSITORY}/manifests/${digest}`);
    assert.equal(answer.headers['docker-content-digest'], digest);
    assert.equal(
      (await putManifest(registry(), REPOSITORY, digestOf('other'), bytes)).code,
      'DIGEST_INVALID',
    );
  });

  test('moves a tag to the manifest that was pushed last', async () => {
    await pushImage(registry(), REPOSITORY, 'moving');
    const { digest } = await pushImage(registry(), REPOSITORY, 'moving');
    const answer = await registry().call('HEAD', `/v2/${REPOSITORY}/manifests/moving`);
    assert.equal(answer.headers['docker-content-digest'], digest);
  });

  test('takes a manifest of 4 MB, and none beyond', async () => {
    const frame = await pushImage(registry(), REPOSITORY, undefined, { annotations: { long: '' } });
    const fill = (size: number) => {
      const text = frame.bytes.toString();
      return text.replace('"long":""', `"long":"${'x'.repeat(size - text.length)}"`);
    };
    const largest = fill(4 << 20);
    const answer = await putManifest(registry(), REPOSITORY, 'large', largest);
    assert.equal(answer.status, 201);
    const pulled = await registry().call('GET', `/v2/${REPOSITORY}/manifests/large`);
    assert.equal(pulled.body.toString(), largest);
    const refused = await putManifest(registry(), REPOSITORY, 'large', fill((4 << 20) + 1));
    assert.equal(refused.status, 413);
    assert.equal(refused.code, 'SIZE_INVALID');
  });

  test('refuses a manifest that names what is not there', async () => {
    const { bytes } = await pushImage(registry(), 'push/elsewhere', 'v1');
    const image = await putManifest(registry(), 'push/empty', 'v1', bytes);
    assert.equal(image.status, 404);
    assert.equal(image.code, 'MANIFEST_BLOB_UNKNOWN');
    assert.equal(image.json().errors[0].detail.length, 2);
    const part = { mediaType: MANIFEST, digest: digestOf(bytes), size: bytes.length };
    const index = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [part] });
    assert.equal(
      (await putManifest(registry(), 'push/empty', 'v1', index, INDEX)).code,
      'MANIFEST_BLOB_UNKNOWN',
    );
    assert.equal((await putManifest(registry(), 'push/elsewhere', 'all', index, INDEX)).status, 201);
  });

  test('refuses what is no manifest', async () => {
    const { config } = JSON.parse((await pushImage(registry(), REPOSITORY)).bytes.toString());
    const broken: [string, string?][] = [
      ['{'],
      ['[]'],
      ['"text"'],
      ['{"schemaVersion":2}'],
      [JSON.stringify({ schemaVersion: 1, config, layers: [] })],
      [JSON.stringify({ schemaVersion: 2, mediaType: INDEX, config, layers: [] })],
      [JSON.stringify({ schemaVersion: 2, config: { ...config, size: -1 }, layers: [] })],
      [JSON.stringify({ schemaVersion: 2, config: { ...config, size: config.size + 1 }, layers: [] })],
      [JSON.stringify({ schemaVersion: 2, config: { ...config, digest: 'sha256:../../x' }, layers: [] })],
      [JSON.stringify({ schemaVersion: 2, config, layers: [] }), 'text/plain'],
    ];
    for (const [text, type] of broken) {
      const answer = await putManifest(registry(), REPOSITORY, 'broken', text, type);
      assert.equal(answer.status, 400, text);
      assert.equal(answer.code, 'MANIFEST_INVALID');
    }
    assert.equal((await registry().call('HEAD', `/v2/${REPOSITORY}/manifests/broken`)).status, 404);
  });

  test('refuses names and tags that the grammar does not have', async () => {
    for (const name of ['Upper', 'a//b', '-a', 'a/_b', 'a..b', 'ä', `${'a/'.repeat(130)}a`]) {
      const answer = await registry().call('POST', `/v2/${encodeURI(name)}/blobs/uploads/`);
      assert.equal(answer.status, 400, name);
      assert.equal(answer.code, 'NAME_INVALID');
    }
    const { bytes } = await pushImage(registry(), REPOSITORY);
    for (const tag of ['-a', '.a', 'a'.repeat(129), 'a%20b']) {
      assert.equal((await putManifest(registry(), REPOSITORY, tag, bytes)).status, 400, tag);
    }
  });
}
