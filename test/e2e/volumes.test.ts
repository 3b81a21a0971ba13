import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { needs, proves, startEngine, succeed, type TestEngine } from '../harness/index.ts';

describe('volumes, by the official client', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());
  const docker = (...args: string[]) => succeed(engine.docker(...args));
  const run = (...args: string[]) => engine.docker('run', '--rm', '--network', 'none', ...args);
  const shell = (mounts: readonly string[], text: string) =>
    succeed(run(...mounts, 'busybox', 'sh', '-c', text));
  const names = async (...filters: string[]) =>
    (await docker('volume', 'ls', '-q', ...filters.flatMap((it) => ['-f', it]))).split('\n').filter(Boolean);

  test('what a container writes to a named volume, the next one reads', async () => {
    proves('run --volume', 'run --mount');
    await shell(['-v', 'kept:/data'], 'echo once > /data/file');
    assert.equal(await shell(['--mount', 'source=kept,target=/data,readonly'], 'cat /data/file'), 'once');
    const refused = await run('-v', 'kept:/data:ro', 'busybox', 'touch', '/data/x');
    assert.match(refused.stderr, /Read-only file system/);
    await docker('volume', 'rm', 'kept');
  });

  test('create is idempotent, and refuses other options for a name that is taken', async () => {
    proves('volume create', 'volume create --label', 'volume create --opt', 'volume inspect');
    assert.equal(await docker('volume', 'create', '--label', 'a=b', 'twice'), 'twice');
    assert.equal(await docker('volume', 'create', 'twice'), 'twice');
    const other = await engine.docker('volume', 'create', '-o', 'type=tmpfs', '-o', 'device=tmpfs', 'twice');
    assert.match(other.stderr, /conflict: volume name must be unique/);
    const [volume] = JSON.parse(await docker('volume', 'inspect', 'twice'));
    assert.deepEqual(
      { ...volume, CreatedAt: typeof volume.CreatedAt },
      {
        CreatedAt: 'string',
        Driver: 'local',
        Labels: { a: 'b' },
        Mountpoint: join(engine.identity.dataRoot, 'volumes/twice/_data'),
        Name: 'twice',
        Options: null,
        Scope: 'local',
      },
    );
    await docker('volume', 'rm', 'twice');
  });

  for (const [what, args, text] of [
    ['a driver that is not there', ['-d', 'elsewhere', 'ab'], /plugin "elsewhere" not found.*"local"/],
    ['a name of one letter', ['a'], /volume name is too short/],
    ['a name with a slash', ['a/b'], /invalid characters for a local volume name/],
    ['an option that is not known', ['-o', 'colour=red', 'ab'], /create ab: invalid option: "colour"/],
    ['half of a mount', ['-o', 'type=tmpfs', 'ab'], /create ab: missing required option: "device"/],
    ['a quota', ['-o', 'size=1g', 'ab'], /no quota support/],
  ] as const) {
    test(`${what} is refused`, async () => {
      const { code, stderr } = await engine.docker('volume', 'create', ...args);
      assert.equal(code, 1);
      assert.match(stderr, text);
      assert.deepEqual(await names(), []);
    });
  }

  test('the same by the API', async () => {
    proves('POST /volumes/create', 'GET /volumes', 'GET /volumes/{name}', 'DELETE /volumes/{name}');
    const created = await engine.request('POST', '/volumes/create', { body: {} });
    assert.equal(created.status, 201);
    const { Name } = created.json();
    assert.match(Name, /^[0-9a-f]{64}$/);
    assert.deepEqual((await engine.request('GET', `/volumes/${Name}`)).json(), created.json());
    const listed = await engine.request('GET', '/volumes');
    assert.deepEqual(listed.json(), { Volumes: [created.json()], Warnings: null });
    assert.equal((await engine.request('PUT', `/volumes/${Name}?version=1`, { body: {} })).status, 503);
    assert.equal((await engine.request('DELETE', `/volumes/${Name}`)).status, 204);
    assert.equal((await engine.request('DELETE', `/volumes/${Name}`)).status, 404);
    assert.equal((await engine.request('DELETE', `/volumes/${Name}?force=1`)).status, 204);
    const cluster = { Name: 'ab', ClusterVolumeSpec: {} };
    assert.equal((await engine.request('POST', '/volumes/create', { body: cluster })).status, 501);
  });

  test('a volume that a container has cannot be removed', async () => {
    proves('volume rm', 'volume rm --force');
    const id = await docker('create', '-v', 'held:/data', 'busybox');
    const refused = await engine.docker('volume', 'rm', 'held');
    assert.match(refused.stderr, new RegExp(`remove held: volume is in use - \\[${id}\\]`));
    assert.equal((await engine.docker('volume', 'rm', '-f', 'held')).code, 1);
    await docker('rm', '-v', id);
    assert.deepEqual(await names(), ['held'], 'a name was given: it stays');
    await docker('volume', 'rm', 'held');
    assert.equal(existsSync(join(engine.identity.dataRoot, 'volumes/held')), false);
    assert.match((await engine.docker('volume', 'rm', 'held')).stderr, /get held: no such volume/);
    assert.equal(await docker('volume', 'rm', '-f', 'held'), 'held');
  });

  test('lists are filtered by use, label, name and driver', async () => {
    proves('volume ls', 'volume ls --filter', 'volume ls --quiet');
    await docker('volume', 'create', '--label', 'tier=data', 'one');
    const id = await docker('create', '-v', 'two:/data', 'busybox');
    assert.deepEqual(await names(), ['one', 'two']);
    assert.deepEqual(await names('dangling=true'), ['one']);
    assert.deepEqual(await names('dangling=false'), ['two']);
    assert.deepEqual(await names('label=tier=data'), ['one']);
    assert.deepEqual(await names('label=tier=other'), []);
    assert.deepEqual(await names('name=^tw'), ['two']);
    assert.deepEqual(await names('driver=local', 'name=o'), ['one', 'two']);
    assert.match((await engine.docker('volume', 'ls', '-f', 'colour=red')).stderr, /invalid filter 'colour'/);
    assert.equal(await docker('ps', '-aq', '--no-trunc', '--filter', 'volume=two'), id);
    assert.equal(await docker('ps', '-aq', '--no-trunc', '--filter', 'volume=/data'), id);
    assert.equal(await docker('ps', '-aq', '--filter', 'volume=one'), '');
    await docker('rm', id);
    await docker('volume', 'rm', 'one', 'two');
  });

  test('anonymous volumes go with rm -v and with --rm, and stay otherwise', async () => {
    proves(
      'rm --volumes',
      'volume prune',
      'volume prune --all',
      'volume prune --filter',
      'volume prune --force',
    );
    await shell(['-v', '/scratch'], 'echo gone > /scratch/file');
    assert.deepEqual(await names(), [], 'with --rm');
    const first = await docker('create', '-v', '/scratch', 'busybox');
    await docker('rm', '-v', first);
    assert.deepEqual(await names(), [], 'with rm -v');
    const second = await docker('create', '--mount', 'type=volume,target=/scratch', 'busybox');
    await docker('rm', second);
    assert.equal((await names()).length, 1, 'with plain rm');
    await docker('volume', 'create', 'named');
    const pruned = await docker('volume', 'prune', '-f');
    assert.match(pruned, /^Deleted Volumes:\n[0-9a-f]{64}\n/);
    assert.deepEqual(await names(), ['named'], 'prune leaves what has a name');
    await docker('volume', 'create', '--label', 'keep', 'kept');
    await docker('volume', 'prune', '-f', '-a', '--filter', 'label!=keep');
    assert.deepEqual(await names(), ['kept']);
    await docker('volume', 'prune', '-f', '-a');
    assert.deepEqual(await names(), []);
  });

  test('before API 1.42, prune removes volumes with a name too', async () => {
    proves('POST /volumes/prune');
    await docker('volume', 'create', 'named');
    const answer = await engine.request('POST', '/v1.41/volumes/prune');
    assert.deepEqual(answer.json(), { VolumesDeleted: ['named'], SpaceReclaimed: 0 });
  });

  test('an anonymous volume that another container has got stays until that goes', async () => {
    const first = await docker('create', '-v', '/scratch', 'busybox');
    const second = await docker('create', '--volumes-from', first, 'busybox');
    await docker('rm', '-v', first);
    assert.equal((await names()).length, 1);
    await docker('rm', '-v', second);
    assert.deepEqual(await names(), []);
  });

  test('--volumes-from takes over all mounts, read-only if told so, and gives way to mounts of the own', async () => {
    proves('run --volumes-from');
    const from = await docker(
      'create',
      '-v',
      'one:/one',
      '-v',
      'two:/two:ro',
      '-v',
      '/opt:/three',
      'busybox',
    );
    const mounts = ['--volumes-from', `${from}:ro`, '-v', 'other:/one'];
    const to = await docker('create', ...mounts, 'busybox');
    const seen = JSON.parse(await docker('inspect', '--format', '{{json .Mounts}}', to)) as {
      Destination: string;
      Name?: string;
      RW: boolean;
    }[];
    assert.deepEqual(seen.map(({ Destination, Name, RW }) => [Destination, Name, RW]).sort(), [
      ['/one', 'other', true],
      ['/three', undefined, false],
      ['/two', 'two', false],
    ]);
    assert.match((await run('--volumes-from', 'nobody', 'busybox')).stderr, /No such container: nobody/);
    assert.match((await run('--volumes-from', `${from}:odd`, 'busybox')).stderr, /invalid mode: odd/);
    await docker('rm', from, to);
    await docker('volume', 'prune', '-af');
  });

  test('inspect shows a volume as dockerd does', async () => {
    const id = await docker('create', '-v', 'shown:/data/', '-v', '/nameless', 'busybox');
    const mounts = JSON.parse(await docker('inspect', '--format', '{{json .Mounts}}', id));
    const source = (name: string) => join(engine.identity.dataRoot, 'volumes', name, '_data');
    const name = mounts[1].Name as string;
    const common = { Type: 'volume', Driver: 'local', RW: true, Propagation: '' };
    assert.deepEqual(mounts, [
      { ...common, Name: 'shown', Source: source('shown'), Destination: '/data', Mode: 'z' },
      { ...common, Name: name, Source: source(name), Destination: '/nameless', Mode: '' },
    ]);
    assert.equal(
      JSON.parse(await docker('volume', 'inspect', name))[0].Labels['com.docker.volume.anonymous'],
      '',
    );
    await docker('rm', '-v', id);
    await docker('volume', 'rm', 'shown');
  });

  for (const [args, text] of [
    [['-v', 'ab:/data', '-v', 'cd:/data/'], /Duplicate mount point: \/data/],
    [['-v', 'ab:/data', '--tmpfs', '/data'], /Duplicate mount point: \/data/],
    [['-v', 'ab:data'], /invalid volume specification: 'ab:data'.*must be absolute/],
    [['-v', 'ab:/'], /destination can't be '\/'/],
    [['-v', 'ab:/data:rw,ro'], /invalid mode: rw,ro/],
    [['-v', 'ab:/data:shared'], /field BindOptions must not be specified/],
    [['-v', '/opt:/data:nocopy'], /field VolumeOptions must not be specified/],
    [['-v', '/data:ro'], /invalid volume specification: '\/data:ro'/],
    [['-v', 'ab:/etc/passwd'], /cannot mount volume over existing file/],
    [['-v', 'ab:/data', '--volume-driver', 'elsewhere'], /plugin "elsewhere" not found/],
    [['--mount', 'type=volume,source=ab,target=/data,volume-subpath=../x'], /must be a relative path/],
  ] as const) {
    test(`run ${args.join(' ')} is refused, and nothing is left`, async () => {
      const { code, stderr } = await run(...args, 'busybox', 'true');
      assert.equal(code, 125);
      assert.match(stderr, text);
      assert.deepEqual(await names(), []);
      assert.deepEqual(readdirSync(join(engine.identity.dataRoot, 'volumes')), []);
      assert.equal(await docker('ps', '-aq'), '');
    });
  }

  test("a volume is told of in events, in dockerd's order", async () => {
    const since = Date.now() / 1000;
    await shell(['-v', 'told:/data:ro'], 'true');
    await docker('volume', 'rm', 'told');
    const format = '{{.Type}} {{.Action}} {{json .Actor.Attributes}}';
    const text = await docker(
      'events',
      '--since',
      `${since}`,
      '--until',
      `${Date.now() / 1000}`,
      '--format',
      format,
    );
    const events = text.split('\n').map((line) => line.replaceAll(/[0-9a-f]{64}/g, 'ID'));
    const use =
      '{"container":"ID","destination":"/data","driver":"local","propagation":"","read/write":"false"}';
    assert.deepEqual(
      events.map((line) => (line.startsWith('volume') ? line : line.split(' ', 2).join(' '))),
      [
        'volume create {"driver":"local"}',
        'container create',
        'container attach',
        'network connect',
        `volume mount ${use}`,
        'container start',
        'network disconnect',
        'volume unmount {"container":"ID","driver":"local"}',
        'container die',
        'container destroy',
        'volume destroy {"driver":"local"}',
      ],
    );
  });
});
