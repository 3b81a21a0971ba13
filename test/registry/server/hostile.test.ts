import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgument } from '../../../src/api/index.ts';
import { parseConfig } from '../../../src/registry/server/index.ts';
import { digestOf, pushBlob, pushImage, putManifest, someBytes, TestRegistry } from './registry.ts';

/** Sends bytes as they are and resolves to all that comes back until the connection ends. */
function raw(registry: TestRegistry, text: string, end = true): Promise<string> {
  const { port, hostname } = new URL(registry.url);
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(Number(port), hostname);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(received));
    if (end) socket.end(text);
    else socket.write(text);
  });
}

suite('hostile clients', () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await TestRegistry.start({ limits: { blobBytes: 1_000_000 } });
  });
  after(() => registry[Symbol.asyncDispose]());

  test('get out of no folder by names, tags, digests or upload IDs', async () => {
    const { bytes } = await pushImage(registry, 'a', 'v1');
    const hex = '0'.repeat(64);
    const paths = [
      '/v2/../../etc/passwd/manifests/v1',
      '/v2/..%2f..%2fetc/manifests/v1',
      '/v2/a/manifests/..%2f..%2f..%2fb',
      '/v2/a/manifests/%2e%2e',
      '/v2/a/manifests/%00',
      `/v2/a%00b/blobs/sha256:${hex}`,
      `/v2/a/blobs/sha256:..%2f..%2f${hex}`,
      `/v2/a/blobs/sha256:${hex.slice(1)}%2e`,
      `/v2/a/blobs/SHA256:${hex}`,
      `/v2/a/blobs/sha256:${hex.replace('0', 'G')}`,
      '/v2/a/blobs/uploads/..%2f..%2fcontrol.sock',
      '/v2/a/blobs/uploads/%2e%2e',
      '/v2/a/tags/list/../../../x',
      '/v2/_manifests/manifests/v1',
      '/v2/a/_layers/manifests/v1',
      '/v2/%E0%A4%A/tags/list',
      '/web/../../package.json',
      '/web/%2e%2e/package.json',
    ];
    for (const path of paths) {
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'POST']) {
        const answer = await registry.call(method, path, { body: method === 'PUT' ? bytes : '' });
        assert.ok(answer.status >= 400 && answer.status < 500, `${method} ${path}: ${answer.status}`);
      }
    }
    const known = ['control.sock', 'docker', 'staging', 'uploads'];
    assert.deepEqual(readdirSync(registry.root).sort(), known);
    assert.ok(!existsSync(join(registry.root, '..', 'b')));
  });

  test('fill neither memory nor disk with bodies without an end', async () => {
    const { headers } = await registry.call('POST', '/v2/a/blobs/uploads/');
    const tooMuch = someBytes(1_000_001);
    const chunked = { 'Transfer-Encoding': 'chunked' };
    const blob = await registry.call('PATCH', headers.location!, { body: tooMuch, headers: chunked });
    assert.equal(blob.status, 413);
    assert.equal(blob.code, 'SIZE_INVALID');
    assert.equal((await registry.call('GET', headers.location!)).headers.range, '0-0');
    const whole = await registry.call('POST', `/v2/a/blobs/uploads/?digest=${digestOf(tooMuch)}`, {
      body: tooMuch,
    });
    assert.equal(whole.status, 413);
    const manifest = await putManifest(registry, 'a', 'v1', 'x'.repeat(5 << 20));
    assert.equal(manifest.status, 413);
    await registry.call('DELETE', headers.location!);
    assert.deepEqual(readdirSync(join(registry.root, 'uploads')), []);
  });

  test('that break off leave what they have sent, to go on with', async () => {
    const bytes = someBytes(100_000);
    const { headers } = await registry.call('POST', '/v2/a/blobs/uploads/');
    const head = `PATCH ${headers.location} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n`;
    await new Promise<void>((resolve) => {
      const { port, hostname } = new URL(registry.url);
      const socket = connect(Number(port), hostname);
      socket.write(head);
      socket.write(bytes.subarray(0, 40_000), () => setTimeout(() => socket.destroy(), 100));
      socket.on('close', () => resolve());
    });
    for (let attempt = 0; attempt < 100; attempt++) {
      if ((await registry.call('GET', headers.location!)).headers.range === '0-39999') break;
      await sleep(20);
    }
    const rest = bytes.subarray(40_000);
    const range = { 'Content-Range': '40000-99999', 'Content-Length': rest.length };
    assert.equal(
      (await registry.call('PATCH', headers.location!, { body: rest, headers: range })).status,
      202,
    );
    const digest = digestOf(bytes);
    assert.equal((await registry.call('PUT', `${headers.location}?digest=${digest}`)).status, 201);
    assert.ok((await registry.call('GET', `/v2/a/blobs/${digest}`)).body.equals(bytes));
  });

  test('that ask again on another connection take over from the one before', async () => {
    const bytes = someBytes(50_000);
    const { headers } = await registry.call('POST', '/v2/a/blobs/uploads/');
    const { port, hostname } = new URL(registry.url);
    const hung = connect(Number(port), hostname);
    hung.on('error', () => {});
    hung.write(`PATCH ${headers.location} HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n`);
    hung.write(bytes.subarray(0, 20_000));
    await sleep(100);
    // The first one has not ended, and never will.
    const again = {
      body: bytes.subarray(20_000),
      headers: { 'Content-Range': '20000-49999', 'Content-Length': 30_000 },
    };
    const answer = await registry.call('PATCH', headers.location!, again);
    assert.equal(answer.status, 202);
    assert.equal(answer.headers.range, '0-49999');
    assert.equal((await registry.call('PUT', `${headers.location}?digest=${digestOf(bytes)}`)).status, 201);
    hung.destroy();
  });

  test('that speak no HTTP, or too much of it, are refused, and others are served on', async () => {
    assert.match(await raw(registry, 'NONSENSE\r\n\r\n'), /^HTTP\/1\.1 400/);
    const long = `GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(100_000)}\r\n\r\n`;
    assert.match(await raw(registry, long), /^HTTP\/1\.1 431/);
    const twice =
      'POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef';
    assert.match(await raw(registry, twice), /^HTTP\/1\.1 400/);
    const both =
      'POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    assert.match(await raw(registry, both), /^HTTP\/1\.1 400/);
    assert.equal((await registry.call('GET', '/v2/')).status, 200);
  });

  test('that push the same blob at the same time all succeed, and it is whole', async () => {
    const bytes = someBytes(500_000);
    const digests = await Promise.all(
      Array.from({ length: 10 }, (_, index) => pushBlob(registry, `same/r${index % 3}`, bytes)),
    );
    for (const [index, digest] of digests.entries()) {
      const answer = await registry.call('GET', `/v2/same/r${index % 3}/blobs/${digest}`);
      assert.ok(answer.body.equals(bytes));
    }
    assert.deepEqual(readdirSync(join(registry.root, 'staging')), []);
  });

  test('that are too many from one address are slowed down', async () => {
    await using slow = await TestRegistry.start({ limits: { requestsPerSecond: 2 } });
    const answers = await Promise.all(Array.from({ length: 40 }, () => slow.call('GET', '/v2/')));
    const refused = answers.filter(({ status }) => status === 429);
    assert.ok(refused.length >= 10 && refused.length < 40, `${refused.length} refused`);
    assert.equal(refused[0]!.code, 'TOOMANYREQUESTS');
    assert.ok(refused[0]!.headers['retry-after']);
  });

  test('get no account of what is wrong inside', () => {
    assert.deepEqual(
      registry.logged.filter((line) => line.startsWith('error')),
      [],
    );
  });
});

suite('configuration', () => {
  test('names the key that is wrong', () => {
    const wrong: [object, RegExp][] = [
      [{ rooot: '/x' }, /"rooot"/],
      [{ root: 'x' }, /"root": an absolute path/],
      [{ listen: ['nowhere'] }, /"listen\.0": ADDRESS:PORT/],
      [{ gc: { grace: 'soon' } }, /"gc\.grace": a duration/],
      [{ auth: {} }, /"auth": htpasswd, or tokens with keys/],
      [{ auth: { htpasswd: '/x', tokens: { realm: 'https://x/' } } }, /"auth": tokens needs realm and keys/],
      [
        { auth: { htpasswd: '/x', rules: [{ repositories: ['a'], users: ['b'], actions: ['fly'] }] } },
        /"auth\.rules\.0\.actions\.0"/,
      ],
      [{ storage: { s3: {} } }, /"storage\.s3\.bucket"/],
      [{ proxy: { upstreams: { a: { url: 'ftp://x' } } } }, /"proxy\.upstreams\.a\.url"/],
    ];
    for (const [settings, text] of wrong) {
      assert.throws(
        () => parseConfig(settings),
        (error: Error) => error instanceof InvalidArgument && text.test(error.message),
        JSON.stringify(settings),
      );
    }
  });

  test('refuses a folder that another registry has, and a file that is not there', async () => {
    await using registry = await TestRegistry.start();
    await assert.rejects(TestRegistry.start({}, registry.root), { name: 'Conflict' });
    assert.equal((await registry.call('GET', '/v2/')).status, 200);
    await assert.rejects(TestRegistry.start({ tls: { cert: '/none', key: '/none' } }), InvalidArgument);
    await assert.rejects(TestRegistry.start({ auth: { htpasswd: '/none' } }), InvalidArgument);
  });
});
