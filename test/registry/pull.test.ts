import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { InvalidArgument, NotFound } from '../../src/api/index.ts';
import { HOST_PLATFORM, parsePlatform } from '../../src/engine/images/index.ts';
import { digestOf, MEDIA_TYPES } from '../../src/layers/index.ts';
import { imageSpec } from '../engine/images/fixtures.ts';
import { needs } from '../harness/index.ts';
import { file } from '../layers/fixtures.ts';
import { startDockerRegistry, type TestRegistry } from './docker-registry.ts';
import { startFaultProxy } from './fault-proxy.ts';
import { openPuller, plainLines, threeLayers } from './fixtures.ts';
import { Publisher } from './publish.ts';

suite('pulling from docker-registry', needs('root', 'docker-registry'), () => {
  let registry: TestRegistry;
  let publisher: Publisher;
  before(async () => {
    registry = await startDockerRegistry();
    publisher = new Publisher(registry.url);
  });
  after(() => registry[Symbol.asyncDispose]());

  for (const [name, compress] of [
    ['plain', (bytes: Buffer) => bytes],
    ['gzip', (bytes: Buffer) => gzipSync(bytes)],
    ['zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
  ] as const) {
    test(`an image with ${name} layers has its files, its names and the digest of the registry`, async () => {
      await using own = await openPuller();
      const spec = await threeLayers(1, compress);
      const { digest } = await publisher.image(`kinds/${name}`, 'v1', spec);
      const repository = `${registry.host}/kinds/${name}`;
      const lines = plainLines(await own.pull(`${repository}:v1`));
      const image = own.images.inspect(`${repository}:v1`);
      assert.equal(image.Id, spec.id);
      assert.deepEqual(image.RepoTags, [`${repository}:v1`]);
      assert.deepEqual(image.RepoDigests, [`${repository}@${digest}`]);
      const layers = own.images.get(spec.id).layers;
      assert.equal(readFileSync(join(layers[0]!, 'a'), 'utf8'), 'one 1');
      assert.equal(readFileSync(join(layers[2]!, 'c'), 'utf8'), 'three');
      assert.equal(lines[0], `v1: Pulling from kinds/${name}`);
      for (const { blob } of spec.layers) {
        const id = digestOf(blob).slice(7, 19);
        const own = lines.filter((line) => line.startsWith(id) && !line.endsWith(': Waiting'));
        const steps = ['Pulling fs layer', 'Verifying Checksum', 'Download complete', 'Pull complete'];
        assert.deepEqual(
          own,
          steps.map((step) => `${id}: ${step}`),
        );
      }
      assert.deepEqual(lines.slice(-2), [
        `Digest: ${digest}`,
        `Status: Downloaded newer image for ${repository}:v1`,
      ]);
      own.assertNothingStaged();
    });
  }

  test("manifests of Docker's kind", async () => {
    await using own = await openPuller();
    const spec = await threeLayers(2);
    const { digest } = await publisher.image('docker-kind', 'latest', spec, 'docker');
    await own.pull(`${registry.host}/docker-kind`);
    assert.deepEqual(own.images.inspect(spec.id).RepoDigests, [`${registry.host}/docker-kind@${digest}`]);
  });

  test('what is here already is not fetched again, and said to be', async () => {
    await using own = await openPuller();
    await using proxy = await startFaultProxy(registry.host);
    const spec = await threeLayers(3);
    await publisher.image('again', 'a', spec);
    const next = await imageSpec({
      names: [],
      layers: [[file('a', 'one 3')], [file('new', 'x')]],
      compress: (it) => gzipSync(it),
    });
    await publisher.image('again', 'b', next);
    const name = `${proxy.host}/again`;
    await own.pull(`${name}:a`);
    const blobs = () => proxy.seen.filter(({ path }) => path.includes('/blobs/')).length;
    const before = blobs();
    const lines = plainLines(await own.pull(`${name}:a`));
    assert.equal(blobs(), before + 1, 'only the config');
    assert.equal(lines.filter((line) => line.endsWith(': Already exists')).length, 3);
    assert.equal(lines.at(-1), `Status: Image is up to date for ${name}:a`);
    assert.ok(plainLines(await own.pull(`${name}:b`)).some((line) => line.endsWith(': Already exists')));
    assert.equal(blobs(), before + 3, 'the config and the new layer');
  });

  test('by digest', async () => {
    await using own = await openPuller();
    const spec = await threeLayers(4);
    const { digest } = await publisher.image('by-digest', 'latest', spec);
    const name = `${registry.host}/by-digest@${digest}`;
    const lines = plainLines(await own.pull(name));
    assert.equal(lines[0], `${digest}: Pulling from by-digest`);
    assert.equal(lines.at(-1), `Status: Downloaded newer image for ${name}`);
    assert.deepEqual(own.images.inspect(name).RepoTags, []);
    assert.deepEqual(own.images.inspect(name).RepoDigests, [name]);
  });

  test('of several platforms the wanted one, under the digest of the index', async () => {
    await using own = await openPuller();
    const other = HOST_PLATFORM.architecture === 'arm64' ? 'amd64' : 'arm64';
    const here = await imageSpec({ names: [], layers: [[file('a', 'here')]] });
    const there = await imageSpec({ names: [], layers: [[file('a', 'there')]], architecture: other });
    const entries = [
      { ...(await publisher.image('multi', 'there', there)), platform: { os: 'linux', architecture: other } },
      { ...(await publisher.image('multi', 'here', here)), platform: { ...HOST_PLATFORM } },
    ];
    const { digest } = await publisher.index('multi', 'latest', entries);
    const name = `${registry.host}/multi`;
    await own.pull(name);
    assert.equal(own.images.inspect(name).Id, here.id);
    assert.deepEqual(own.images.inspect(name).RepoDigests, [`${name}@${digest}`]);
    await own.pull(name, { platform: parsePlatform(`linux/${other}`) });
    assert.equal(own.images.inspect(name).Id, there.id);
    await assert.rejects(own.pull(name, { platform: parsePlatform('linux/riscv64') }), NotFound);
    await assert.rejects(own.pull(`${name}:there`, { platform: parsePlatform('linux/riscv64') }), NotFound);
  });

  test('all tags of a repository', async () => {
    await using own = await openPuller();
    const specs = await Promise.all([5, 6].map((seed) => threeLayers(seed)));
    for (const [index, spec] of specs.entries()) await publisher.image('many', `t${index}`, spec);
    const name = `${registry.host}/many`;
    const lines = plainLines(await own.pull(name, { allTags: true }));
    assert.deepEqual(
      specs.map(({ id }) => own.images.inspect(id).RepoTags),
      [[`${name}:t0`], [`${name}:t1`]],
    );
    assert.equal(lines.filter((line) => line.startsWith('Status: ')).length, 1);
    assert.equal(lines.at(-1), `Status: Downloaded newer image for ${name}`);
  });

  test('many pulls of one image download and unpack each layer once', async () => {
    await using own = await openPuller();
    await using proxy = await startFaultProxy(registry.host);
    const spec = await threeLayers(7);
    await publisher.image('shared', 'latest', spec);
    const all = await Promise.all(Array.from({ length: 20 }, () => own.pull(`${proxy.host}/shared`)));
    for (const lines of all)
      assert.equal(plainLines(lines).filter((line) => / Pull complete$/.test(line)).length, 3);
    for (const { blob } of spec.layers) {
      const fetched = proxy.seen.filter(({ path }) => path.endsWith(digestOf(blob)));
      assert.equal(fetched.length, 1);
    }
    own.assertNothingStaged();
  });

  test('a pull that is given up leaves the other one of the same image alone', async () => {
    await using own = await openPuller();
    const spec = await threeLayers(8);
    await publisher.image('half', 'latest', spec);
    const held = Promise.withResolvers<void>();
    await using proxy = await startFaultProxy(registry.host, async ({ req, pass }) => {
      if (req.url!.endsWith(digestOf(spec.layers[1]!.blob))) await held.promise;
      await pass();
    });
    const abort = new AbortController();
    const first = own.pull(`${proxy.host}/half`, { signal: abort.signal });
    const second = own.pull(`${proxy.host}/half`);
    while (!proxy.seen.some(({ path }) => path.endsWith(digestOf(spec.layers[1]!.blob))))
      await new Promise((resolve) => setTimeout(resolve, 5));
    abort.abort();
    await assert.rejects(first, { name: 'AbortError' });
    held.resolve();
    await second;
    assert.equal(own.images.inspect(`${proxy.host}/half`).Id, spec.id);
  });

  test('what is not there, and what is no image', async () => {
    await using own = await openPuller();
    await publisher.image('real', 'latest', await threeLayers(9));
    await assert.rejects(own.pull(`${registry.host}/real:nosuch`), (error: Error) => {
      assert.ok(error instanceof NotFound);
      assert.match(error.message, /^manifest for 127\.0\.0\.1:\d+\/real:nosuch not found: manifest unknown/);
      return true;
    });
    await assert.rejects(own.pull(`${registry.host}/nosuch`), NotFound);
    await using proxy = await startFaultProxy(registry.host, ({ res }) => {
      const type = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
      res.writeHead(200, { 'Content-Type': type }).end('{"schemaVersion":1,"name":"old","fsLayers":[]}');
    });
    await assert.rejects(own.pull(`${proxy.host}/old`), (error: Error) => {
      assert.ok(error instanceof InvalidArgument);
      assert.match(error.message, /schema 1/);
      return true;
    });
    await own.assertNothingHalf();
  });

  test('an index by its own digest', async () => {
    await using own = await openPuller();
    const spec = await imageSpec({ names: [], layers: [[file('a', 'only')]] });
    const entry = {
      ...(await publisher.image('nested', 'x', spec, 'docker')),
      platform: { ...HOST_PLATFORM },
    };
    const { digest } = await publisher.index('nested', 'list', [entry], MEDIA_TYPES.dockerList);
    await own.pull(`${registry.host}/nested@${digest}`);
    assert.equal(own.images.inspect(`${registry.host}/nested@${digest}`).Id, spec.id);
  });
});
