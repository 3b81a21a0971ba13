import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { dockerEngine } from '../../bench/engines.ts';
import { needs, run, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { execScript, expectStatus, remove, start } from './support.ts';

const IMAGES = resolve(import.meta.dirname, '../../build/images');

suite('save', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
    await engine.load('hello-world');
    const id = await start(engine);
    await execScript(engine, id, 'echo kept > /kept');
    await succeed(engine.docker('commit', id, 'me/child:1'));
    await remove(engine, id);
  });
  after(() => engine[Symbol.asyncDispose]());

  const docker = (...args: string[]): Promise<string> => succeed(engine.docker(...args));
  const idOf = (name: string) => docker('inspect', '-f', '{{.Id}}', name);
  const file = (name: string) => join(engine.identity.root, name);
  const shell = (script: string) =>
    succeed(run('sh', ['-euc', script], { env: engine.environment(), cwd: engine.identity.root }));

  test('holds an OCI layout and the lists of older tools, and each blob once', async () => {
    await docker('save', '-o', file('two.tar'), 'busybox', 'me/child:1');
    const names = (await shell('tar -tf two.tar')).split('\n');
    for (const name of ['oci-layout', 'index.json', 'manifest.json', 'repositories', 'blobs/sha256/'])
      assert.ok(names.includes(name), name);
    assert.equal(new Set(names).size, names.length);
    // A config and a manifest each, the layer of both, and the one of the child.
    assert.equal(names.filter((name) => /^blobs\/sha256\/\w{64}$/.test(name)).length, 6);
    const [first, second] = JSON.parse(await shell('tar -xOf two.tar manifest.json'));
    assert.equal(`sha256:${first.Config.slice('blobs/sha256/'.length)}`, await idOf('busybox'));
    assert.equal(second.Layers[0], first.Layers[0]);
    assert.deepEqual([first.RepoTags, second.RepoTags], [['busybox:latest'], ['me/child:1']]);
  });

  test('the same images give the same bytes, by either path and either client', async () => {
    await shell('docker save busybox hello-world >one; docker save busybox hello-world | cmp - one');
    await succeed(engine.berth('save', '-o', file('ours'), 'busybox', 'hello-world'));
    assert.deepEqual(readFileSync(file('ours')), readFileSync(file('one')));
    const single = expectStatus(await engine.request('GET', '/images/me/child:1/get'), 200);
    assert.equal(single.headers['content-type'], 'application/x-tar');
    const several = expectStatus(await engine.request('GET', '/images/get?names=me/child:1'), 200);
    assert.deepEqual(single.body, several.body);
  });

  test('a repository means all its tags, an ID no name at all', async () => {
    await docker('tag', 'busybox', 'busybox:other');
    const [entry] = JSON.parse(await shell('docker save busybox | tar -xO manifest.json'));
    assert.deepEqual(entry.RepoTags, ['busybox:latest', 'busybox:other']);
    const id = await idOf('busybox');
    const [nameless] = JSON.parse(await shell(`docker save ${id} | tar -xO manifest.json`));
    assert.equal(nameless.RepoTags, null);
    await docker('rmi', 'busybox:other');
  });

  test('what is saved can be loaded again, packed or not, as the same image', async () => {
    const ids = [await idOf('busybox'), await idOf('me/child:1')];
    await shell('docker save busybox me/child:1 | gzip >packed.tgz');
    await docker('rmi', '-f', 'busybox', 'me/child:1');
    const output = await shell('docker load <packed.tgz');
    assert.equal(output, 'Loaded image: busybox:latest\nLoaded image: me/child:1');
    assert.deepEqual([await idOf('busybox'), await idOf('me/child:1')], ids);
    assert.equal(await docker('run', '--rm', 'me/child:1', 'cat', '/kept'), 'kept');
  });

  test('archives packed with xz or bzip2 are taken too', needs('xz', 'bzip2'), async () => {
    const id = await idOf('hello-world');
    for (const program of ['xz', 'bzip2']) {
      await shell(
        `docker save hello-world | ${program} >packed; docker rmi hello-world; docker load <packed`,
      );
      assert.equal(await idOf('hello-world'), id);
      const imported = await shell(`echo hi >hi; tar -c hi | ${program} | docker import - packed`);
      await docker('rmi', imported);
    }
  });

  test('refuses what is not there, another platform, and a terminal', async () => {
    const missing = await engine.docker('save', 'nope');
    assert.match(missing.stderr, /No such image: nope:latest/);
    const other = process.arch === 'x64' ? 'arm64' : 'amd64';
    const foreign = await engine.docker('save', '--platform', `linux/${other}`, 'busybox');
    assert.match(foreign.stderr, /does not match the specified platform/);
    expectStatus(await engine.request('GET', '/images/get'), 400);
    const nowhere = await engine.berth('save', '-o', '/nope/x', 'busybox');
    assert.match(nowhere.stderr, /^failed to save image: invalid output path: stat \/nope: no such file/);
    await using terminal = engine.terminal('berth', ['save', 'busybox']);
    assert.equal(await terminal.exit(), 1);
  });

  test('names the blob that the disk has damaged, and a load repairs it', async () => {
    const [{ Config, Layers }] = JSON.parse(await shell('docker save busybox | tar -xO manifest.json'));
    for (const path of [Config, Layers[0]]) {
      const damaged = join(engine.identity.dataRoot, path);
      const { size } = statSync(damaged);
      writeFileSync(damaged, Buffer.alloc(size, 'x'));
      const answer = expectStatus(await engine.request('GET', '/images/busybox/get'), 500);
      const { message } = answer.json();
      assert.ok(message.includes(`blob sha256:${path.slice('blobs/sha256/'.length)} is damaged`), message);
      assert.match(message, /busybox:latest.*load or pull the image again/);
      await docker('load', '-i', join(IMAGES, 'busybox.tar'));
      await docker('save', '-o', file('healed'), 'busybox');
    }
  });

  test('a client that goes away half way leaves nothing held', async () => {
    await shell('docker save busybox | head -c 100000 >/dev/null || true');
    await docker('rmi', '-f', 'busybox', 'me/child:1', 'hello-world');
    const blobs = join(engine.identity.dataRoot, 'blobs/sha256');
    for (let tries = 0; readdirSync(blobs).length > 0 && tries < 100; tries++)
      await new Promise((done) => setTimeout(done, 20));
    assert.deepEqual(readdirSync(blobs), []);
    await engine.load('busybox');
    await engine.load('hello-world');
  });

  test('skopeo reads it as a Docker archive and as an OCI archive', needs('skopeo'), async () => {
    await docker('save', '-o', file('plain.tar'), 'busybox');
    const config = { cwd: engine.identity.root };
    for (const kind of ['docker-archive', 'oci-archive']) {
      const raw = await succeed(run('skopeo', ['inspect', '--config', '--raw', `${kind}:plain.tar`], config));
      const id = await succeed(run('sh', ['-c', 'sha256sum | cut -c 1-64'], { input: raw }));
      assert.equal(`sha256:${id}`, await idOf('busybox'), kind);
    }
  });

  test('images go from Docker to Berth to Podman under the same ID', needs('dockerd', 'podman'), async () => {
    await using peer = dockerEngine();
    await peer.start();
    const theirs = (script: string) =>
      succeed(run('sh', ['-euc', script], { env: peer.environment, cwd: engine.identity.root }));
    await theirs(`docker load -i ${join(IMAGES, 'busybox.tar')}`);
    await theirs('docker run --network none --name made busybox sh -c "echo hi >/hi"');
    await theirs('docker commit -c "LABEL from=docker" made via/docker:1; docker rm made');
    const id = await theirs('docker inspect -f "{{.Id}}" via/docker:1');
    await theirs('docker save -o from-docker.tar via/docker:1');

    await docker('load', '-i', file('from-docker.tar'));
    assert.equal(await idOf('via/docker:1'), id);
    await docker('save', '-o', file('from-berth.tar'), 'via/docker:1');

    const podman = `podman --root ${file('pod')} --runroot ${file('podrun')} --storage-driver vfs`;
    await shell(`${podman} load -i from-berth.tar`);
    assert.equal(
      `sha256:${await shell(`${podman} images -q --no-trunc`)}`.replace('sha256:sha256:', 'sha256:'),
      id,
    );
    await theirs('docker rmi -f via/docker:1 busybox; docker load -i from-berth.tar');
    assert.equal(await theirs('docker inspect -f "{{.Id}}" via/docker:1'), id);
    assert.equal(await theirs('docker run --rm --network none via/docker:1 cat /hi'), 'hi');
    await shell(`${podman} rmi -af`);
    assert.ok(existsSync(file('pod')));
  });
});
