import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needs, proves, run, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { create, execScript, expectStatus, inspect, remove, start, wait } from './support.ts';

suite('making images of containers', needs('root', 'docker'), () => {
  let engine: TestEngine;

  before(async () => {
    engine = await startEngine();
  });

  after(async () => {
    await engine?.[Symbol.asyncDispose]();
  });

  test('docker commit makes an image that runs with the files and the changed config', async () => {
    proves('commit', 'commit --author', 'commit --message', 'commit --change');
    const id = await start(engine, {
      name: 'worker',
      config: { Env: ['OLD=1'], Labels: { a: 'b' }, WorkingDir: '/root' },
    });
    await execScript(
      engine,
      id,
      'echo made > /root/file; chown 5:6 /root/file; rm /bin/vi; ln -s file /root/l',
    );
    const image = await succeed(
      engine.docker(
        ...['commit', '-a', 'An Author', '-m', 'a comment', '-c', 'ENV NEW=2', '-c', 'EXPOSE 80'],
        ...['-c', 'CMD ["cat", "l"]', 'worker', 'made:v1'],
      ),
    );
    assert.equal(await succeed(engine.docker('run', '--rm', 'made:v1')), 'made');
    const look = 'stat -c %u:%g /root/file; test -e /bin/vi || echo gone; echo $OLD$NEW';
    assert.equal(await succeed(engine.docker('run', '--rm', 'made:v1', 'sh', '-c', look)), '5:6\ngone\n12');
    const info = expectStatus(await engine.request('GET', '/images/made:v1/json'), 200).json();
    assert.equal(info.Id, image);
    assert.equal(info.Author, 'An Author');
    assert.equal(info.Comment, 'a comment');
    assert.equal(info.Parent, (await parentOf('busybox')).Id);
    assert.deepEqual(info.Config.Cmd, ['cat', 'l']);
    assert.deepEqual(info.Config.Labels, { a: 'b' });
    assert.deepEqual(info.Config.ExposedPorts, { '80/tcp': {} });
    assert.equal(info.RootFS.Layers.length, (await parentOf('busybox')).RootFS.Layers.length + 1);
    const history = expectStatus(await engine.request('GET', '/images/made:v1/history'), 200).json();
    assert.equal(history[0].CreatedBy, 'sleep 600');
    assert.equal(history[0].Comment, 'a comment');
    assert.equal((await inspect(engine, id)).State.Status, 'running');
    await remove(engine, id);
  });

  test('berth commit does the same, without a name too', async () => {
    const id = await create(engine, { cmd: ['sh', '-c', 'echo x > /x'] });
    await succeed(engine.docker('start', '-a', id));
    const image = await succeed(engine.berth('commit', id));
    assert.match(image, /^sha256:[0-9a-f]{64}$/);
    assert.equal(await succeed(engine.docker('run', '--rm', image, 'cat', '/x')), 'x');
    await remove(engine, id);
  });

  test('the image can be used when its parent and its container are gone, and goes without a trace', async () => {
    const id = await start(engine, { name: 'parent' });
    await execScript(engine, id, 'echo kept > /kept');
    await succeed(engine.docker('commit', 'parent', 'child'));
    await remove(engine, id);
    await succeed(engine.docker('rmi', 'busybox'));
    assert.equal(await succeed(engine.docker('run', '--rm', 'child', 'cat', '/kept')), 'kept');
    await succeed(engine.docker('tag', 'child', 'other'));
    await engine.load('busybox');
    await succeed(engine.docker('rmi', 'child', 'other'));
    assert.equal((await engine.docker('inspect', 'child')).code, 1);
  });

  test('an image of an image of a container has both their files', async () => {
    for (const [from, to] of [
      ['busybox', 'one'],
      ['one', 'two'],
    ] as const) {
      await succeed(engine.docker('run', '--name', `make-${to}`, from, 'sh', '-c', `echo ${to} > /${to}`));
      await succeed(engine.docker('commit', `make-${to}`, to));
      await succeed(engine.docker('rm', `make-${to}`));
    }
    assert.equal(await succeed(engine.docker('run', '--rm', 'two', 'cat', '/one', '/two')), 'one\ntwo');
  });

  test('a container without changes gives an image without a layer of its own', async () => {
    const id = await create(engine);
    const image = await succeed(engine.docker('commit', '-c', 'LABEL x=y', id));
    const info = expectStatus(await engine.request('GET', `/images/${image}/json`), 200).json();
    assert.deepEqual(info.RootFS.Layers, (await parentOf('busybox')).RootFS.Layers);
    assert.deepEqual(info.Config.Labels, { x: 'y' });
    await remove(engine, id);
  });

  test('the container is paused meanwhile, unless asked otherwise', async () => {
    proves('commit --pause');
    const id = await start(engine, { name: 'pausing' });
    // Not the start, which may be of the same millisecond.
    await sleep(5);
    const since = Date.now() / 1000;
    await succeed(engine.docker('commit', 'pausing', 'paused'));
    await succeed(engine.docker('commit', '--pause=false', 'pausing', 'unpaused'));
    const until = Date.now() / 1000 + 0.1;
    const answer = await engine.request('GET', `/events?since=${since.toFixed(3)}&until=${until.toFixed(3)}`);
    const actions = answer.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { Type: string; Action: string; Actor: { Attributes: object } })
      .map(({ Type, Action }) => `${Type} ${Action}`);
    assert.deepEqual(actions, [
      ...['container pause', 'container unpause', 'image tag', 'container commit'],
      ...['image tag', 'container commit'],
    ]);
    await remove(engine, id);
  });

  test('what is wrong is refused, and leaves the container running', async () => {
    proves('POST /commit');
    const id = await start(engine, { name: 'wrong' });
    const commit = (query: string) => engine.request('POST', `/commit?container=${query}`);
    expectStatus(await commit('nobody'), 404);
    expectStatus(await commit('wrong&repo=UPPER'), 400);
    expectStatus(await commit('wrong&changes=RUN%20true'), 400);
    expectStatus(await commit(''), 400);
    assert.equal((await inspect(engine, id)).State.Status, 'running');
    await remove(engine, id);
  });

  test('the request’s own config wins over the container’s', async () => {
    const id = await create(engine, { config: { Env: ['A=1', 'B=1'] } });
    const body = { Cmd: ['echo', 'other'], Env: ['A=2'] };
    const answer = expectStatus(await engine.request('POST', `/commit?container=${id}`, { body }), 201);
    const info = await parentOf((answer.json() as { Id: string }).Id);
    assert.deepEqual(info.Config.Cmd, ['echo', 'other']);
    assert.ok(info.Config.Env.includes('A=2') && info.Config.Env.includes('B=1'));
    await remove(engine, id);
  });

  test('its manifest and blobs make an image layout that another engine loads and runs', async () => {
    const id = await start(engine, { name: 'origin' });
    await execScript(engine, id, 'echo travels > /travels; rm /bin/vi');
    const image = await succeed(engine.docker('commit', 'origin', 'traveller'));
    const folder = mkdtempSync(join(tmpdir(), 'berth-layout-'));
    await using other = await startEngine({ images: [] });
    try {
      writeLayout(join(engine.identity.dataRoot, 'blobs/sha256'), image, folder);
      const tar = join(folder, 'image.tar');
      await succeed(run('tar', ['-C', folder, '-cf', tar, 'oci-layout', 'index.json', 'blobs']));
      await succeed(other.docker('load', '-i', tar));
      const look = 'cat /travels; test -e /bin/vi || echo gone';
      assert.equal(await succeed(other.docker('run', '--rm', image, 'sh', '-c', look)), 'travels\ngone');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    await remove(engine, id);
  });

  test('an export can be imported as an image', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-export-'));
    try {
      const tar = join(folder, 'all.tar');
      const id = await start(engine, { name: 'exported' });
      await execScript(engine, id, 'echo exported > /exported');
      await wait(engine, (await killed(id))!);
      await succeed(engine.docker('export', '-o', tar, 'exported'));
      await succeed(engine.docker('import', tar, 'imported'));
      assert.equal(await succeed(engine.docker('run', '--rm', 'imported', 'cat', '/exported')), 'exported');
      assert.equal((await run('tar', ['-tf', tar])).code, 0);
      await remove(engine, id);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  async function killed(id: string): Promise<string> {
    expectStatus(await engine.request('POST', `/containers/${id}/kill`), 204);
    return id;
  }

  async function parentOf(name: string) {
    return expectStatus(await engine.request('GET', `/images/${name}/json`), 200).json();
  }
});

/** An OCI image layout of one image, made of the blobs of an engine. */
function writeLayout(blobs: string, image: string, folder: string): void {
  const manifest = readdirSync(blobs).find((hex) => {
    const path = join(blobs, hex);
    return statSync(path).size < 100_000 && readFileSync(path, 'utf8').includes(`"digest":"${image}"`);
  });
  assert.ok(manifest);
  const text = readFileSync(join(blobs, manifest), 'utf8');
  const { mediaType, config, layers } = JSON.parse(text) as {
    mediaType: string;
    config: { digest: string };
    layers: { digest: string }[];
  };
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  for (const digest of [`sha256:${manifest}`, config.digest, ...layers.map((layer) => layer.digest)]) {
    const hex = digest.slice('sha256:'.length);
    cpSync(join(blobs, hex), join(folder, 'blobs/sha256', hex));
  }
  const descriptor = { mediaType, digest: `sha256:${manifest}`, size: text.length };
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
}
