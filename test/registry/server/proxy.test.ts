import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { needs } from '../../harness/index.ts';
import { startDockerRegistry } from '../docker-registry.ts';
import { type FaultProxy, startFaultProxy } from '../fault-proxy.ts';
import { threeLayers } from '../fixtures.ts';
import { Publisher } from '../publish.ts';
import { MANIFEST, pushBlob, pushImage, putManifest, someBytes, TestRegistry } from './registry.ts';

/** An upstream, a proxy before it that counts and breaks things, and a registry that copies it. */
async function startPair(freshFor = '0s') {
  await using undo = new AsyncDisposableStack();
  const upstream = undo.use(await TestRegistry.start());
  const wire = undo.use(await startFaultProxy(upstream.host));
  const proxy = { upstreams: { up: { url: `http://${wire.host}` } }, freshFor };
  const copy = undo.use(await TestRegistry.start({ proxy }));
  const resources = undo.move();
  return { upstream, wire, copy, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

function count(wire: FaultProxy, method: string, part: string): number {
  return wire.seen.filter((it) => it.method === method && it.path.includes(part)).length;
}

const down = ({ res }: { res: { destroy(): void } }) => res.destroy();

suite('pull-through cache', () => {
  test('fetches a blob once for all who ask at the same time, and keeps it', async () => {
    await using pair = await startPair();
    const bytes = someBytes(5 << 20);
    const digest = await pushBlob(pair.upstream, 'a/b', bytes);
    const path = `/v2/up/a/b/blobs/${digest}`;
    const answers = await Promise.all(Array.from({ length: 8 }, () => pair.copy.call('GET', path)));
    for (const answer of answers) {
      assert.equal(answer.status, 200);
      assert.ok(answer.body.equals(bytes));
    }
    assert.ok((await pair.copy.call('GET', path)).body.equals(bytes));
    assert.equal(count(pair.wire, 'GET', digest), 1);
    assert.deepEqual(readdirSync(join(pair.copy.root, 'downloads')), []);
  });

  test('tells the size of a blob without fetching it, and sends a part of one', async () => {
    await using pair = await startPair();
    const bytes = someBytes(100_000);
    const path = `/v2/up/x/blobs/${await pushBlob(pair.upstream, 'x', bytes)}`;
    const head = await pair.copy.call('HEAD', path);
    assert.equal(head.headers['content-length'], '100000');
    assert.equal(count(pair.wire, 'GET', '/blobs/'), 0);
    const part = await pair.copy.call('GET', path, { headers: { Range: 'bytes=1000-1999' } });
    assert.equal(part.status, 206);
    assert.deepEqual(part.body, bytes.subarray(1000, 2000));
  });

  test('serves what it has when the upstream is down', async () => {
    await using pair = await startPair();
    const { digest, bytes, layer } = await pushImage(pair.upstream, 'a/b', 'v1');
    const whole = await pair.copy.call('GET', '/v2/up/a/b/manifests/v1');
    assert.deepEqual(whole.body, bytes);
    assert.equal(whole.headers['content-type'], MANIFEST);
    const blob = await pair.copy.call('GET', `/v2/up/a/b/blobs/${layer}`);
    pair.wire.fault = down;
    for (const reference of ['v1', digest]) {
      const answer = await pair.copy.call('GET', `/v2/up/a/b/manifests/${reference}`);
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.body, bytes);
    }
    assert.deepEqual((await pair.copy.call('GET', `/v2/up/a/b/blobs/${layer}`)).body, blob.body);
    assert.deepEqual((await pair.copy.call('GET', '/v2/up/a/b/tags/list')).json().tags, ['v1']);
    const other = await pair.copy.call('GET', '/v2/up/a/b/manifests/v2');
    assert.equal(other.status, 503);
    assert.equal(other.code, 'UNAVAILABLE');
    const restarted = await pair.copy.restart();
    assert.deepEqual((await restarted.call('GET', '/v2/up/a/b/manifests/v1')).body, bytes);
    await restarted.stop();
  });

  test('follows a tag that moves, and asks no sooner than it is told', async () => {
    await using pair = await startPair('1h');
    const first = await pushImage(pair.upstream, 'a', 'v1');
    await pair.copy.call('GET', '/v2/up/a/manifests/v1');
    const second = await pushImage(pair.upstream, 'a', 'v1');
    const answer = await pair.copy.call('HEAD', '/v2/up/a/manifests/v1');
    assert.equal(answer.headers['docker-content-digest'], first.digest);
    await using eager = await startPair();
    await pushImage(eager.upstream, 'a', 'v1');
    await eager.copy.call('GET', '/v2/up/a/manifests/v1');
    await putManifest(eager.upstream, 'a', 'v1', (await pushImage(eager.upstream, 'a')).bytes);
    const now = await eager.upstream.call('HEAD', '/v2/a/manifests/v1');
    const seen = await eager.copy.call('GET', '/v2/up/a/manifests/v1');
    assert.equal(seen.headers['docker-content-digest'], now.headers['docker-content-digest']);
    assert.notEqual(second.digest, first.digest);
  });

  test('goes on where a broken connection left off', async () => {
    await using pair = await startPair();
    const bytes = someBytes(2 << 20);
    const digest = await pushBlob(pair.upstream, 'a', bytes);
    pair.wire.fault = ({ req, res, earlier, pass }) => {
      if (req.method !== 'GET' || !req.url!.includes(digest) || earlier > 0) return pass();
      res.writeHead(200, { 'Content-Length': bytes.length });
      res.write(bytes.subarray(0, 700_000), () => setTimeout(() => res.destroy(), 50));
    };
    const answer = await pair.copy.call('GET', `/v2/up/a/blobs/${digest}`);
    assert.ok(answer.body.equals(bytes));
    const ranges = pair.wire.seen.map(({ headers }) => headers.range).filter(Boolean);
    assert.equal(ranges.length, 1);
    assert.match(String(ranges[0]), /^bytes=[1-9]/);
  });

  test('neither keeps nor lets pass for whole what an upstream sends in place of a blob', async () => {
    await using pair = await startPair();
    const bytes = someBytes(300_000);
    const digest = await pushBlob(pair.upstream, 'a', bytes);
    const forged = Buffer.from(bytes);
    forged[150_000] = forged[150_000]! ^ 1;
    pair.wire.fault = ({ req, res, pass }) => {
      if (req.method !== 'GET' || !req.url!.includes(digest)) return pass();
      res.writeHead(200, { 'Content-Length': forged.length }).end(forged);
    };
    await assert.rejects(pair.copy.call('GET', `/v2/up/a/blobs/${digest}`));
    pair.wire.fault = undefined;
    assert.ok((await pair.copy.call('GET', `/v2/up/a/blobs/${digest}`)).body.equals(bytes));
  });

  test('breaks off what is on its way when it stops, and writes nothing afterwards', async () => {
    await using pair = await startPair();
    const bytes = someBytes(300_000);
    const digest = await pushBlob(pair.upstream, 'a', bytes);
    pair.wire.fault = ({ req, res, pass }) => {
      if (req.method !== 'GET' || !req.url!.includes(digest)) return pass();
      res.writeHead(200, { 'Content-Length': bytes.length });
      res.write(bytes.subarray(0, 200_000));
    };
    const range = { Range: 'bytes=0-99' };
    const part = await pair.copy.call('GET', `/v2/up/a/blobs/${digest}`, { headers: range });
    assert.deepEqual(part.body, bytes.subarray(0, 100));
    assert.equal(readdirSync(join(pair.copy.root, 'downloads')).length, 1);
    await pair.copy.stop();
    assert.deepEqual(readdirSync(join(pair.copy.root, 'downloads')), []);
  });

  test('answers 404 for what the upstream does not have, and refuses changes of a copy', async () => {
    await using pair = await startPair();
    const { bytes, digest } = await pushImage(pair.upstream, 'a', 'v1');
    assert.equal((await pair.copy.call('GET', '/v2/up/a/manifests/v2')).code, 'MANIFEST_UNKNOWN');
    assert.equal((await pair.copy.call('GET', '/v2/up/b/manifests/v1')).status, 404);
    assert.equal(
      (await pair.copy.call('GET', `/v2/up/a/blobs/sha256:${'1'.repeat(64)}`)).code,
      'BLOB_UNKNOWN',
    );
    assert.equal((await putManifest(pair.copy, 'up/a', 'v3', bytes)).code, 'UNSUPPORTED');
    assert.equal((await pair.copy.call('POST', '/v2/up/a/blobs/uploads/')).status, 405);
    assert.equal((await pair.copy.call('DELETE', `/v2/up/a/manifests/${digest}`)).status, 405);
    await pushImage(pair.copy, 'own/image', 'v1');
  });

  test('signs in to an upstream', needs('docker-registry', 'htpasswd'), async () => {
    await using upstream = await startDockerRegistry({ login: 'ann:secret' });
    const credentials = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
    const publisher = new Publisher(upstream.url, { Authorization: credentials });
    const { digest } = await publisher.image('a', 'v1', await threeLayers());
    const mapped = (password: string) => ({
      proxy: { upstreams: { '': { url: upstream.url, username: 'ann', password } } },
    });
    await using copy = await TestRegistry.start(mapped('secret'));
    const found = await copy.call('GET', '/v2/a/manifests/v1');
    assert.equal(found.headers['docker-content-digest'], digest);
    await using stranger = await TestRegistry.start(mapped('wrong'));
    assert.equal((await stranger.call('GET', '/v2/a/manifests/v1')).status, 404);
  });
});
