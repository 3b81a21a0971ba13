import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Internal, NotFound } from '../../src/api/index.ts';
import { HOST_PLATFORM } from '../../src/engine/images/index.ts';
import { digestOf, MEDIA_TYPES } from '../../src/layers/index.ts';
import { imageSpec } from '../engine/images/fixtures.ts';
import { needs } from '../harness/index.ts';
import { file } from '../layers/fixtures.ts';
import { startDockerRegistry, type TestRegistry } from './docker-registry.ts';
import { startFaultProxy } from './fault-proxy.ts';
import { openPuller, plainLines, threeLayers } from './fixtures.ts';
import { Publisher } from './publish.ts';

suite('pushing to docker-registry', needs('root', 'docker-registry'), () => {
  let registry: TestRegistry;
  let other: TestRegistry;
  before(async () => {
    registry = await startDockerRegistry();
    other = await startDockerRegistry();
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });

  async function manifestAt({ url }: TestRegistry, repository: string, which: string) {
    const accept = Object.values(MEDIA_TYPES).join(', ');
    const answer = await fetch(`${url}/v2/${repository}/manifests/${which}`, { headers: { accept } });
    assert.equal(answer.status, 200, await answer.clone().text());
    return {
      digest: answer.headers.get('docker-content-digest'),
      bytes: Buffer.from(await answer.arrayBuffer()),
    };
  }

  for (const [name, compress] of [
    ['plain', (bytes: Buffer) => bytes],
    ['gzip', (bytes: Buffer) => gzipSync(bytes)],
    ['zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
  ] as const) {
    for (const kind of ['oci', 'docker'] as const) {
      test(`what was pulled with ${name} layers has the same digest elsewhere, ${kind}`, async () => {
        await using own = await openPuller();
        const spec = await threeLayers(20, compress);
        const { digest, size } = await new Publisher(registry.url).image(
          `from/${name}-${kind}`,
          'v1',
          spec,
          kind,
        );
        await own.pull(`${registry.host}/from/${name}-${kind}:v1`);
        own.images.tag(spec.id, `${other.host}/to/${name}-${kind}`, 'v2');
        const lines = await own.push(`${other.host}/to/${name}-${kind}:v2`);
        assert.equal((await manifestAt(other, `to/${name}-${kind}`, 'v2')).digest, digest);
        const plain = plainLines(lines);
        assert.equal(plain[0], `The push refers to repository [${other.host}/to/${name}-${kind}]`);
        for (const id of spec.diffIds.map((diffId) => diffId.slice(7, 19))) {
          assert.deepEqual(
            plain.filter((line) => line.startsWith(id)),
            [`${id}: Preparing`, `${id}: Pushed`],
          );
        }
        assert.equal(plain.at(-1), `v2: digest: ${digest} size: ${size}`);
        assert.deepEqual(lines.at(-1)!.aux, { Tag: 'v2', Digest: digest, Size: size });
        assert.ok(
          own.images.inspect(spec.id).RepoDigests.includes(`${other.host}/to/${name}-${kind}@${digest}`),
        );
      });
    }
  }

  test('layers that are there are not sent again, those of another repository are mounted', async () => {
    await using own = await openPuller();
    await using proxy = await startFaultProxy(registry.host);
    const spec = await own.add({
      names: ['app:1'],
      layers: [[file('a', 'mount me')], [file('b', 'me too')]],
    });
    own.images.tag('app:1', `${proxy.host}/first`, '1');
    own.images.tag('app:1', `${proxy.host}/second`, '1');
    const statuses = async (name: string) =>
      plainLines(await own.push(name)).flatMap(
        (line) => /^[0-9a-f]{12}: (?!Preparing|Waiting)(.*)/.exec(line)?.[1] ?? [],
      );
    assert.deepEqual(await statuses(`${proxy.host}/first:1`), ['Pushed', 'Pushed']);
    const sent = () =>
      proxy.seen.filter(({ method, path }) => method === 'PUT' && path.includes('/blobs/')).length;
    const before = sent();
    assert.deepEqual(await statuses(`${proxy.host}/first:1`), [
      'Layer already exists',
      'Layer already exists',
    ]);
    assert.equal(sent(), before);
    assert.deepEqual(await statuses(`${proxy.host}/second:1`), ['Mounted from first', 'Mounted from first']);
    assert.equal(sent(), before + 1, 'the config alone');
    assert.equal(own.images.inspect(spec.id).RepoDigests.length, 2);
  });

  test('an image that was made here is compressed once, and keeps its digest', async () => {
    await using own = await openPuller();
    const text = 'compress me '.repeat(10_000);
    const spec = await own.add({ names: ['made:1'], layers: [[file('a', text)], [file('b', text)]] });
    own.images.tag('made:1', `${registry.host}/made`, '1');
    own.images.tag('made:1', `${other.host}/made`, '1');
    await own.push(`${registry.host}/made:1`);
    await own.push(`${other.host}/made:1`);
    const { digest, bytes } = await manifestAt(registry, 'made', '1');
    assert.equal((await manifestAt(other, 'made', '1')).digest, digest);
    const { layers, config } = JSON.parse(bytes.toString()) as {
      layers: { mediaType: string; size: number }[];
      config: { digest: string };
    };
    assert.equal(config.digest, spec.id);
    for (const { mediaType, size } of layers) {
      assert.equal(mediaType, `${MEDIA_TYPES.layer}+gzip`);
      assert.ok(size < text.length / 10);
    }
    await using second = await openPuller();
    await second.pull(`${registry.host}/made:1`);
    assert.equal(second.images.inspect(`${registry.host}/made:1`).Id, spec.id);
    await own.images.remove(spec.id, { force: true });
    own.assertEmpty();
  });

  test('all tags of a repository', async () => {
    await using own = await openPuller();
    await own.add({
      names: [`${registry.host}/all:1`, `${registry.host}/all:2`],
      layers: [[file('a', '1')]],
    });
    await own.add({ names: [`${registry.host}/all:3`], layers: [[file('a', '3')]] });
    const lines = plainLines(await own.push(`${registry.host}/all`));
    assert.deepEqual(
      lines.flatMap((line) => /^(\d): digest: sha256:/.exec(line)?.[1] ?? []),
      ['1', '2', '3'],
    );
    const answer = (await (await fetch(`${registry.url}/v2/all/tags/list`)).json()) as { tags: string[] };
    assert.deepEqual(answer.tags.toSorted(), ['1', '2', '3']);
  });

  test('an index goes where everything is that it lists, the image alone elsewhere', async () => {
    await using own = await openPuller();
    const foreign = HOST_PLATFORM.architecture === 'arm64' ? 'amd64' : 'arm64';
    const here = await imageSpec({ names: [], layers: [[file('a', 'here')]] });
    const there = await imageSpec({ names: [], layers: [[file('a', 'there')]], architecture: foreign });
    const publisher = new Publisher(registry.url);
    const own1 = { ...(await publisher.image('multi', 'here', here)), platform: { ...HOST_PLATFORM } };
    const entries = [
      {
        ...(await publisher.image('multi', 'there', there)),
        platform: { os: 'linux', architecture: foreign },
      },
      own1,
    ];
    const { digest } = await publisher.index('multi', 'latest', entries);
    await own.pull(`${registry.host}/multi`);
    own.images.tag(here.id, `${registry.host}/multi`, 'again');
    await own.push(`${registry.host}/multi:again`);
    assert.equal((await manifestAt(registry, 'multi', 'again')).digest, digest);
    own.images.tag(here.id, `${other.host}/multi`, 'latest');
    const lines = await own.push(`${other.host}/multi:latest`);
    assert.equal((await manifestAt(other, 'multi', 'latest')).digest, own1.digest);
    const note = lines.find(({ aux }) => aux && 'manifestPushedInsteadOfIndex' in aux);
    assert.ok(note);
  });

  test('what is not here', async () => {
    await using own = await openPuller();
    await own.add({ names: [`${registry.host}/here:1`] });
    await assert.rejects(own.push(`${registry.host}/nosuch:1`), (error: Error) => {
      assert.ok(error instanceof NotFound);
      assert.match(error.message, /^An image does not exist locally with the tag: 127/);
      return true;
    });
    await assert.rejects(
      own.push(`${registry.host}/here:2`),
      /^NotFound: tag does not exist: 127.*\/here:2$/,
    );
  });

  test('connections that break during an upload, and a registry that is in trouble for a while', async () => {
    await using own = await openPuller();
    const spec = await threeLayers(30);
    await new Publisher(other.url).image('src', '1', spec);
    await own.pull(`${other.host}/src:1`);
    let broken = 0;
    await using proxy = await startFaultProxy(registry.host, ({ req, res, pass }) => {
      if (req.method === 'PUT' && req.url!.includes('/blobs/') && broken++ < 2)
        return void req.socket.destroy();
      if (req.method === 'POST' && broken++ < 4) return void res.writeHead(503).end();
      return pass();
    });
    own.images.tag(spec.id, `${proxy.host}/dst`, '1');
    await own.push(`${proxy.host}/dst:1`);
    const source = await manifestAt(other, 'src', '1');
    assert.equal((await manifestAt(registry, 'dst', '1')).digest, source.digest);
  });

  test('a registry that takes no large requests gets the layer in pieces', async () => {
    await using own = await openPuller();
    const spec = await threeLayers(31);
    await new Publisher(other.url).image('big', '1', spec);
    await own.pull(`${other.host}/big:1`);
    await using proxy = await startFaultProxy(registry.host, ({ req, res, pass }) => {
      if (
        req.method === 'PUT' &&
        req.url!.includes('/blobs/') &&
        Number(req.headers['content-length']) > 100_000
      ) {
        req.resume();
        return void req.on('end', () => res.writeHead(413).end());
      }
      return pass((answer) => {
        if (req.method === 'POST') answer.headers['oci-chunk-min-length'] = '65536';
        return answer;
      });
    });
    own.images.tag(spec.id, `${proxy.host}/pieces`, '1');
    await own.push(`${proxy.host}/pieces:1`);
    assert.ok(proxy.seen.filter(({ method }) => method === 'PATCH').length >= 4);
    assert.equal(
      (await manifestAt(registry, 'pieces', '1')).digest,
      (await manifestAt(other, 'big', '1')).digest,
    );
  });

  test('a blob that the disk has spoiled is named, and healed by the next pull', async () => {
    await using own = await openPuller();
    const spec = await threeLayers(32);
    await new Publisher(other.url).image('spoiled', '1', spec);
    await own.pull(`${other.host}/spoiled:1`);
    const blob = spec.layers[1]!.blob;
    const path = join(own.root, 'blobs/sha256', digestOf(blob).slice(7));
    writeFileSync(path, Buffer.alloc(blob.length, 1));
    own.images.tag(spec.id, `${registry.host}/spoiled`, '1');
    await assert.rejects(own.push(`${registry.host}/spoiled:1`), (error: Error) => {
      assert.ok(error instanceof Internal);
      assert.match(error.message, new RegExp(`${digestOf(blob)} is damaged on disk`));
      return true;
    });
    await own.pull(`${other.host}/spoiled:1`);
    await own.push(`${registry.host}/spoiled:1`);
    assert.equal(
      (await manifestAt(registry, 'spoiled', '1')).digest,
      (await manifestAt(other, 'spoiled', '1')).digest,
    );
  });
});
