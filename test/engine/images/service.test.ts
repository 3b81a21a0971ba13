import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Conflict, Filters, InvalidArgument, NotFound } from '../../../src/api/index.ts';
import { HOST_PLATFORM, type ImageUser } from '../../../src/engine/images/index.ts';
import { digestOf } from '../../../src/layers/index.ts';
import { archive, file, hardLink, symlink } from '../../layers/fixtures.ts';
import { chunks, dockerArchive, type ImageSpec, imageSpec, ociArchive, openImages } from './fixtures.ts';

const filters = (values: Record<string, string[]> = {}) => new Filters(Object.entries(values));

describe('loading images', () => {
  for (const [kind, pack] of [
    ['docker-archive', dockerArchive],
    ['OCI layout', ociArchive],
  ] as const) {
    for (const [name, compress] of [
      ['plain', (bytes: Buffer) => bytes],
      ['gzip', (bytes: Buffer) => gzipSync(bytes)],
      ['zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
    ] as const) {
      test(`takes a ${kind} archive, ${name}`, async () => {
        await using own = await openImages();
        const spec = await imageSpec({ names: ['app:1'], layers: [[file('a', 'one')], [file('b', 'two')]] });
        const lines: string[] = [];
        const [id] = await own.images.load(chunks(compress(await pack([spec]))), {
          progress: (line) => lines.push(line.stream ?? `${line.status} ${line.id}`),
        });
        assert.equal(id, spec.id);
        assert.equal(lines.at(-1), 'Loaded image: app:1\n');
        assert.equal(lines.length, 3);
        const image = own.images.get('app:1');
        assert.equal(image.id, spec.id);
        assert.deepEqual(image.repoTags, ['app:1']);
        assert.equal(image.size, 6);
        assert.equal(readFileSync(join(image.layers[0]!, 'a'), 'utf8'), 'one');
        assert.equal(readFileSync(join(image.layers[1]!, 'b'), 'utf8'), 'two');
        own.assertNothingStaged();
      });
    }
  }

  test('takes compressed layers, several names and several images', async () => {
    await using own = await openImages();
    const shared = [file('shared', 'x'.repeat(1000))];
    const first = await imageSpec({ names: ['a:1', 'quay.io/b/c:2'], layers: [shared], compress: gzipSync });
    const second = await imageSpec({
      names: [],
      layers: [shared, [file('own', 'y')]],
      compress: zstdCompressSync,
    });
    for (const pack of [dockerArchive, ociArchive]) {
      const lines: string[] = [];
      await own.images.load(chunks(await pack([first, second])), {
        progress: (line) => lines.push(line.stream ?? ''),
      });
      assert.ok(lines.includes('Loaded image: quay.io/b/c:2\n'));
      assert.ok(lines.includes(`Loaded image ID: ${second.id}\n`));
      assert.equal(own.images.get('quay.io/b/c:2').id, first.id);
    }
    const list = own.images.list({ filters: filters(), sharedSize: true });
    assert.deepEqual(new Set(list.map(({ SharedSize }) => SharedSize)), new Set([1000]));
  });

  test('takes members that begin with ./ and layers that are links to others', async () => {
    await using own = await openImages();
    const spec = await imageSpec({ names: ['old:1'], layers: [[file('a', 'one')], [file('a', 'one')]] });
    const layer = spec.layers[0]!.blob;
    const bytes = await archive([
      file(
        './manifest.json',
        JSON.stringify([{ Config: 'c.json', RepoTags: ['old:1'], Layers: ['x/layer.tar', 'y/layer.tar'] }]),
      ),
      file('./c.json', spec.config.toString()),
      { entry: { name: './x/layer.tar' }, body: layer },
      symlink('./y/layer.tar', '../z/layer.tar'),
      hardLink('./z/layer.tar', './x/layer.tar'),
    ]);
    await own.images.load(chunks(bytes));
    assert.equal(own.images.get('old:1').layers.length, 2);
  });

  test('picks the image for this machine out of several platforms', async () => {
    await using own = await openImages();
    const other = HOST_PLATFORM.architecture === 'amd64' ? 'arm64' : 'amd64';
    const ours = await imageSpec({ names: [], layers: [[file('ours')]] });
    const theirs = await imageSpec({ names: [], layers: [[file('theirs')]], architecture: other });
    for (const withPlatforms of [true, false]) {
      const bytes = await ociArchive([theirs, ours], {
        indexName: 'docker.io/library/multi:1',
        withPlatforms,
      });
      const [id, ...more] = await own.images.load(chunks(bytes));
      assert.deepEqual([id, more], [ours.id, []]);
      assert.equal(own.images.get('multi:1').id, ours.id);
    }
    await assert.rejects(own.images.load(chunks(await ociArchive([theirs]))), InvalidArgument);
    const [id] = await own.images.load(chunks(await ociArchive([theirs])), {
      platform: { os: 'linux', architecture: other },
    });
    assert.equal(id, theirs.id);
  });

  test('takes a name from the image that had it', async () => {
    await using own = await openImages();
    const one = await imageSpec({ names: ['app:1'], layers: [[file('a')]] });
    const two = await imageSpec({ names: ['app:1'], layers: [[file('b')]] });
    const lines: string[] = [];
    await own.images.load(chunks(await dockerArchive([one, two])), {
      progress: (line) => lines.push(line.stream ?? ''),
    });
    assert.ok(lines.some((line) => line.startsWith('The image app:1 already exists')));
    assert.equal(own.images.get('app:1').id, two.id);
    assert.deepEqual(own.images.inspect(one.id).RepoTags, []);
  });

  test('loads the same image once, however many do it at the same time', async () => {
    await using own = await openImages();
    const layers = Array.from({ length: 4 }, (_, layer) =>
      Array.from({ length: 100 }, (_, index) => file(`${layer}-${index}`, 'x')),
    );
    const bytes = await dockerArchive([await imageSpec({ names: ['same:1'], layers })]);
    const ids = await Promise.all(Array.from({ length: 8 }, () => own.images.load(chunks(bytes))));
    assert.equal(new Set(ids.flat()).size, 1);
    assert.equal(readdirSync(join(own.root, 'layers')).length, 4);
    assert.equal(own.images.get('same:1').size, 400);
    own.assertNothingStaged();
  });

  test('goes on being whole while images with the same layers come and go', async () => {
    await using own = await openImages();
    const shared = Array.from({ length: 50 }, (_, index) => file(`f${index}`, 'x'));
    const specs = await Promise.all(
      [1, 2].map((number) =>
        imageSpec({ names: [`n:${number}`], layers: [shared, [file(`own-${number}`)]] }),
      ),
    );
    const archives = await Promise.all(specs.map((spec) => dockerArchive([spec])));
    for (let round = 0; round < 5; round++) {
      await own.images.load(chunks(archives[0]!));
      await Promise.all([own.images.load(chunks(archives[1]!)), own.images.remove('n:1')]);
      const { layers } = own.images.get('n:2');
      assert.equal(readdirSync(layers[0]!).length, 50);
      await own.images.remove('n:2');
    }
    own.assertEmpty();
  });
});

describe('an archive of images is refused and leaves nothing behind', () => {
  const cases: [string, (spec: ImageSpec) => Promise<Buffer>][] = [
    ['one that is something else', () => archive([file('etc/passwd', 'root')])],
    ['one that is no archive', async () => Buffer.from('hello '.repeat(500))],
    ['an empty one', async () => Buffer.alloc(0)],
    [
      'one without its config',
      (spec) =>
        dockerArchive([spec], {
          change: (members) =>
            members.filter(({ entry }) => !entry.name.endsWith('.json') || entry.name === 'manifest.json'),
        }),
    ],
    [
      'one without a layer',
      (spec) =>
        ociArchive([spec], {
          change: (members) => members.filter(({ body }) => !(body as Buffer).equals(spec.layers[1]!.blob)),
        }),
    ],
    [
      'one whose blob is not what its name says',
      (spec) =>
        ociArchive([spec], {
          change: (members) =>
            members.map((member) =>
              (member.body as Buffer).equals(spec.config)
                ? { ...member, body: Buffer.from(`${spec.config} `) }
                : member,
            ),
        }),
    ],
    [
      'one whose layer is not the one that the config names',
      async (spec) =>
        dockerArchive([
          {
            ...spec,
            layers: [spec.layers[0]!, { ...spec.layers[1]!, blob: await archive([file('forged')]) }],
          },
        ]),
    ],
    [
      'one with fewer layers than the config names',
      (spec) => dockerArchive([{ ...spec, layers: spec.layers.slice(1) }]),
    ],
    ['a truncated one', async (spec) => (await dockerArchive([spec])).subarray(0, -3000)],
    ['a truncated gzip stream', async (spec) => gzipSync(await dockerArchive([spec])).subarray(0, -10)],
    ['one with a name that cannot be', (spec) => dockerArchive([{ ...spec, names: ['UPPER:1'] }])],
    [
      'one with links in a circle',
      () => archive([symlink('manifest.json', 'a'), symlink('a', 'manifest.json')]),
    ],
    ['a manifest that is not JSON', () => archive([file('manifest.json', '{')])],
    ['a manifest of another shape', () => archive([file('manifest.json', '[{"Config":5}]')])],
    [
      'an index of another shape',
      () => archive([file('index.json', '{"manifests":[{"digest":"md5:1","size":1}]}')]),
    ],
  ];
  for (const [what, make] of cases) {
    test(what, async () => {
      await using own = await openImages();
      const spec = await imageSpec({ names: ['bad:1'], layers: [[file('a', 'one')], [file('b', 'two')]] });
      await assert.rejects(own.images.load(chunks(await make(spec))), InvalidArgument);
      own.assertEmpty();
    });
  }

  test('one with a hostile layer, also when other layers are fine', async () => {
    await using own = await openImages();
    const layers = [[file('fine', 'x')], [file('../../escaped', 'x')], [file('fine too', 'x')]];
    await assert.rejects(
      own.images.load(chunks(await dockerArchive([await imageSpec({ names: ['evil:1'], layers })]))),
      {
        name: 'InvalidArgument',
        message: /escaped/,
      },
    );
    own.assertEmpty();
  });

  test('one whose sender hangs up', async () => {
    await using own = await openImages();
    const bytes = await dockerArchive([
      await imageSpec({ names: ['x:1'], layers: [[file('a', 'x'.repeat(9000))]] }),
    ]);
    const broken = (async function* () {
      yield bytes.subarray(0, 5000);
      throw new Error('aborted');
    })();
    await assert.rejects(own.images.load(broken), /aborted/);
    own.assertEmpty();
  });
});

describe('importing a root file system', () => {
  test('makes an image of one layer with a config from the changes', async () => {
    await using own = await openImages();
    const id = await own.images.import(chunks(gzipSync(await archive([file('etc/x', 'abc')]))), {
      reference: { domain: 'docker.io', path: 'library/imp', tag: 'latest' },
      message: 'hello',
      changes: [
        'CMD a b',
        'ENTRYPOINT ["/bin/x", "-y"]',
        'ENV A=b C="d e"',
        'ENV A=z',
        'EXPOSE 80 90/udp 100-101',
        'VOLUME /a /b',
        'WORKDIR rel',
        'USER 5:6',
        'STOPSIGNAL SIGINT',
        'HEALTHCHECK --interval=5s --retries=3 CMD true',
        'ONBUILD RUN x',
        'label a=b "c"="d e"',
      ],
    });
    const image = own.images.inspect('imp');
    assert.equal(image.Id, id);
    assert.equal(image.Comment, 'hello');
    assert.equal(image.Size, 3);
    const config = image.Config;
    assert.deepEqual(config['Cmd'], ['/bin/sh', '-c', 'a b']);
    assert.deepEqual(config['Entrypoint'], ['/bin/x', '-y']);
    assert.deepEqual(config['Env'], ['A=z', 'C=d e']);
    assert.deepEqual(Object.keys(config['ExposedPorts'] as object), [
      '80/tcp',
      '90/udp',
      '100/tcp',
      '101/tcp',
    ]);
    assert.deepEqual(config['Volumes'], { '/a': {}, '/b': {} });
    assert.equal(config['WorkingDir'], '/rel');
    assert.equal(config['User'], '5:6');
    assert.equal(config['StopSignal'], 'SIGINT');
    assert.deepEqual(config['Labels'], { a: 'b', c: 'd e' });
    assert.deepEqual(config['OnBuild'], ['RUN x']);
    const health = config['Healthcheck'] as { Test: string[]; Interval: number; Retries: number };
    assert.deepEqual([health.Test, health.Interval, health.Retries], [['CMD-SHELL', 'true'], 5e9, 3]);
    assert.equal(own.images.get('imp').layers.length, 1);
    assert.deepEqual(
      own.events.map(({ action }) => action),
      ['import'],
    );
  });

  test('refuses wrong changes and hostile archives, and leaves nothing', async () => {
    await using own = await openImages();
    const good = await archive([file('a')]);
    for (const change of [
      'FROM x',
      'ENV novalue',
      'EXPOSE 99999',
      'USER a b',
      'CMD',
      'HEALTHCHECK --foo=1 CMD x',
    ]) {
      await assert.rejects(own.images.import(chunks(good), { changes: [change] }), InvalidArgument, change);
    }
    await assert.rejects(own.images.import(chunks(await archive([file('../x')]))), InvalidArgument);
    own.assertEmpty();
  });
});

describe('finding images', () => {
  test('by name, tag, digest, ID and the beginning of an ID', async () => {
    await using own = await openImages();
    const { id } = await own.add({ names: ['app:latest', 'localhost:5000/me/app:2'] });
    const hex = id.slice(7);
    const texts = [
      'app',
      'app:latest',
      'library/app',
      'docker.io/library/app:latest',
      'localhost:5000/me/app:2',
    ];
    for (const text of [...texts, id, hex, hex.slice(0, 12), id.slice(0, 20)])
      assert.equal(own.images.get(text).id, id, text);
    for (const text of [
      'nope',
      'app:2',
      'sha256:',
      `sha256:${'0'.repeat(64)}`,
      '0'.repeat(64),
      'localhost:5000/me/app',
    ]) {
      assert.throws(() => own.images.get(text), NotFound, text);
    }
    assert.throws(() => own.images.get('nope'), { message: 'No such image: nope:latest' });
    for (const text of ['UPPER', 'a b', '', 'a:b:c', 'a@sha256:12'])
      assert.throws(() => own.images.get(text), InvalidArgument, text);
  });

  test('a name goes before the beginning of an ID, and an ambiguous beginning is refused', async () => {
    await using own = await openImages();
    const specs = [];
    for (let index = 0; index < 17; index++)
      specs.push(await own.add({ names: [], layers: [[file(`f${index}`)]] }));
    const firsts = specs.map(({ id }) => id[7]!);
    const twice = firsts.find((digit, index) => firsts.indexOf(digit) !== index)!;
    assert.throws(() => own.images.get(twice), InvalidArgument);
    own.images.tag(specs[0]!.id, 'abc');
    assert.equal(own.images.get('abc').id, specs[0]!.id);
  });

  test('lists newest first, with filters', async () => {
    await using own = await openImages();
    const old = await own.add({ names: ['old:1'], created: '2020-01-01T00:00:00Z', labels: { a: 'b' } });
    const middle = await own.add({
      names: ['ghcr.io/x/mid:1'],
      created: '2021-01-01T00:00:00Z',
      labels: { a: 'c' },
    });
    const dangling = await own.add({ names: [], created: '2022-01-01T00:00:00Z' });
    const ids = (values: Record<string, string[]>) =>
      own.images.list({ filters: filters(values) }).map(({ Id }) => Id);
    assert.deepEqual(ids({}), [dangling.id, middle.id, old.id]);
    assert.deepEqual(ids({ dangling: ['true'] }), [dangling.id]);
    assert.deepEqual(ids({ dangling: ['false'] }), [middle.id, old.id]);
    assert.deepEqual(ids({ label: ['a'] }), [middle.id, old.id]);
    assert.deepEqual(ids({ label: ['a=b'] }), [old.id]);
    assert.deepEqual(ids({ before: ['ghcr.io/x/mid:1'] }), [old.id]);
    assert.deepEqual(ids({ since: ['old:1'] }), [dangling.id, middle.id]);
    assert.deepEqual(ids({ until: ['2021-06-01T00:00:00Z'] }), [middle.id, old.id]);
    assert.deepEqual(ids({ reference: ['o*'] }), [old.id]);
    assert.deepEqual(ids({ reference: ['ghcr.io/*/mid'] }), [middle.id]);
    assert.deepEqual(ids({ reference: ['*'] }), [old.id]);
    assert.throws(() => ids({ nonsense: ['x'] }), InvalidArgument);
    assert.throws(() => ids({ before: ['nope'] }), NotFound);
  });
});

describe('removing images', () => {
  test('takes names away one by one and the image with the last', async () => {
    await using own = await openImages();
    const spec = await own.add({ names: ['a:1', 'a:2'] });
    assert.deepEqual(await own.images.remove('a:1'), [{ Untagged: 'a:1' }]);
    assert.deepEqual(await own.images.remove('a:2'), [
      { Untagged: 'a:2' },
      { Deleted: spec.id },
      { Deleted: spec.diffIds[0] },
    ]);
    assert.deepEqual(
      own.events.map(({ action }) => action),
      ['load', 'untag', 'untag', 'delete'],
    );
    own.assertEmpty();
    await assert.rejects(own.images.remove('a:1'), NotFound);
  });

  test('by ID wants one name at most, or force', async () => {
    await using own = await openImages();
    const spec = await own.add({ names: ['a:1', 'b:1'] });
    await assert.rejects(own.images.remove(spec.id.slice(7, 19)), Conflict);
    const items = await own.images.remove(spec.id, { force: true });
    assert.deepEqual(items.slice(0, 2), [{ Untagged: 'a:1' }, { Untagged: 'b:1' }]);
    own.assertEmpty();
  });

  test('keeps layers that other images have', async () => {
    await using own = await openImages();
    const shared = [file('shared')];
    const one = await own.add({ names: ['one:1'], layers: [shared, [file('one')]] });
    const two = await own.add({ names: ['two:1'], layers: [shared, [file('two')]] });
    const items = await own.images.remove('one:1');
    assert.deepEqual(items.slice(0, 2), [{ Untagged: 'one:1' }, { Deleted: one.id }]);
    assert.equal(items.length, 3);
    assert.ok(own.images.get(two.id).layers.every((path) => existsSync(path)));
  });

  test('respects containers: stopped ones unless forced, running ones always', async () => {
    const users: ImageUser[] = [{ id: 'c'.repeat(64), running: false }];
    await using own = await openImages(() => users);
    const spec = await own.add({ names: ['used:1'] });
    await assert.rejects(own.images.remove('used:1'), Conflict);
    await assert.rejects(own.images.remove(spec.id), Conflict);
    users[0]!.running = true;
    await assert.rejects(own.images.remove(spec.id, { force: true }), Conflict);
    assert.deepEqual(await own.images.remove('used:1', { force: true }), [{ Untagged: 'used:1' }]);
    assert.deepEqual(own.images.get(spec.id).repoTags, []);
  });

  test('keeps the layers of an image that was removed by force until its containers are gone', async () => {
    const users: ImageUser[] = [{ id: 'c'.repeat(64), running: false }];
    await using own = await openImages(() => users);
    const spec = await own.add({ names: ['used:1'] });
    const items = await own.images.remove('used:1', { force: true });
    assert.deepEqual(items, [{ Untagged: 'used:1' }, { Deleted: spec.id }]);
    assert.throws(() => own.images.inspect(spec.id), NotFound);
    assert.deepEqual(own.images.list({ filters: filters() }), []);
    assert.ok(existsSync(own.images.get(spec.id).layers[0]!));
    await own.reopen();
    assert.ok(existsSync(own.images.get(spec.id).layers[0]!));
    users.pop();
    await own.images.collect();
    own.assertEmpty();
  });
});

describe('naming and showing images', () => {
  test('tags, and moves a tag', async () => {
    await using own = await openImages();
    const one = await own.add({ names: ['one:1'] });
    const two = await own.add({ names: ['two:1'], layers: [[file('two')]] });
    own.images.tag('one:1', 'localhost/new', 'tag');
    assert.equal(own.images.get('localhost/new:tag').id, one.id);
    own.images.tag(two.id, 'localhost/new:tag');
    assert.equal(own.images.get('localhost/new:tag').id, two.id);
    assert.equal(own.images.idOf('nope'), undefined);
    assert.throws(() => own.images.tag('nope', 'x'), NotFound);
    for (const name of ['', 'UPPER', 'a b', `x@${one.id}`]) {
      assert.throws(() => own.images.tag('one:1', name), InvalidArgument, name);
    }
    assert.throws(() => own.images.tag('one:1', 'x', 'bad tag'), InvalidArgument);
    assert.deepEqual(own.events.at(-1)?.attributes, { name: 'localhost/new:tag' });
  });

  test('tells the history with the size of each layer', async () => {
    await using own = await openImages();
    const spec = await own.add({
      names: ['h:1'],
      layers: [[file('a', '12345')], [file('b', '1')]],
      emptyStep: true,
    });
    const history = own.images.history('h:1');
    assert.deepEqual(
      history.map(({ Size }) => Size),
      [0, 1, 5],
    );
    assert.deepEqual(
      history.map(({ Id }) => Id),
      [spec.id, '<missing>', '<missing>'],
    );
    assert.deepEqual(history[0]?.Tags, ['h:1']);
  });

  test('inspects with everything that clients read', async () => {
    await using own = await openImages();
    const spec = await own.add({ names: ['i:1'], labels: { a: 'b' } });
    const image = own.images.inspect('i:1');
    assert.deepEqual(image.RootFS, { Type: 'layers', Layers: spec.diffIds });
    assert.equal(image.Os, 'linux');
    assert.equal(image.Architecture, HOST_PLATFORM.architecture);
    assert.deepEqual(image.Config['Labels'], { a: 'b' });
    assert.ok(image.Metadata.LastTagTime > '2020');
    assert.equal(image.GraphDriver.Name, 'overlay2');
  });

  test('remembers everything after a restart, and sweeps what no record names', async () => {
    await using own = await openImages();
    const spec = await own.add({ names: ['keep:1'] });
    const before = own.images.inspect('keep:1');
    own.litter();
    await own.reopen();
    assert.deepEqual(own.images.inspect('keep:1'), before);
    assert.deepEqual(
      readdirSync(join(own.root, 'layers')),
      spec.diffIds.map((diffId) => diffId.slice(7)),
    );
    assert.equal(readdirSync(join(own.root, 'blobs/sha256')).length, 3);
    assert.ok(existsSync(join(own.root, 'blobs/sha256', digestOf(spec.config).slice(7))));
  });
});
