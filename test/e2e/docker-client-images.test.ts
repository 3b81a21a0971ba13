import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { needs, proves, run, startEngine, succeed, type TestEngine } from '../harness/index.ts';

const IMAGES = resolve(import.meta.dirname, '../../build/images');

suite('docker load, import, images, tag, rmi, info and version', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine({ images: [] });
  });
  after(() => engine[Symbol.asyncDispose]());

  const docker = (...args: string[]): Promise<string> => succeed(engine.docker(...args));
  const list = async (...args: string[]): Promise<string[]> =>
    (await docker('images', '--format', '{{.Repository}}:{{.Tag}}', ...args)).split('\n').filter(Boolean);

  test('load says what it has loaded, from a file and from its input', async () => {
    assert.equal(await docker('load', '-i', join(IMAGES, 'busybox.tar')), 'Loaded image: busybox:latest');
    const tar = join(IMAGES, 'hello-world.tar');
    const loaded = await run('sh', ['-c', `docker load <${tar}`], { env: engine.environment() });
    assert.equal(loaded.stdout, 'Loaded image: hello-world:latest\n');
    assert.deepEqual(await list(), ['busybox:latest', 'hello-world:latest']);
  });

  test('the greeting', async () => {
    assert.match(await docker('run', '--rm', 'hello-world'), /hello/i);
  });

  test('images by name, by filter and by ID', async () => {
    assert.deepEqual(await list('busybox'), ['busybox:latest']);
    assert.deepEqual(await list('nosuch'), []);
    assert.deepEqual(await list('-f', 'reference=busy*'), ['busybox:latest']);
    const id = await docker('images', '-q', '--no-trunc', 'busybox');
    assert.match(id, /^sha256:[0-9a-f]{64}$/);
    assert.equal(await docker('inspect', '-f', '{{.Id}}', 'busybox'), id);
    assert.equal(await docker('inspect', '--type', 'image', '-f', '{{.Os}}', id.slice(7, 19)), 'linux');
  });

  test('tag and rmi', async () => {
    const id = await docker('images', '-q', 'busybox');
    await docker('tag', 'busybox', 'example.org:5000/a/b:1');
    await docker('tag', id, 'other');
    assert.ok((await list()).includes('example.org:5000/a/b:1'));
    assert.equal(await docker('rmi', 'other'), 'Untagged: other:latest');
    assert.equal(await docker('rmi', 'example.org:5000/a/b:1'), 'Untagged: example.org:5000/a/b:1');
    assert.deepEqual(await list('busybox'), ['busybox:latest']);
  });

  test('what cannot be tagged or removed is said', async () => {
    const refusal = async (...args: string[]) => {
      const result = await engine.docker(...args);
      assert.equal(result.code, 1, result.stdout);
      return result.stderr;
    };
    assert.match(await refusal('tag', 'nosuch', 'other'), /No such image: nosuch:latest/);
    assert.match(
      await refusal('tag', 'busybox', 'Upper'),
      /repository name must be lowercase|invalid reference format/,
    );
    assert.match(await refusal('rmi', 'nosuch'), /No such image: nosuch/);
    await docker('create', '--name', 'user', 'busybox');
    assert.match(await refusal('rmi', 'busybox'), /conflict: unable to (delete|remove repository reference)/);
    await docker('rm', 'user');
  });

  test('import makes an image of a root file system, with a config of its own', async () => {
    const id = await docker('create', '--name', 'source', 'busybox');
    const tree = join(engine.identity.root, 'tree.tar');
    const make = `mkdir -p t/bin t/etc && cp /bin/busybox t/bin/sh && echo imported >t/etc/what && tar -C t -cf ${tree} .`;
    await succeed(run('sh', ['-c', make], { cwd: engine.identity.root }));
    await docker('rm', id);
    const changes = [
      '-c',
      'CMD ["sh", "-c", "read line </etc/what; echo $line $MORE"]',
      '-c',
      'ENV MORE=yes',
    ];
    assert.match(
      await docker('import', ...changes, '-m', 'by hand', tree, 'imported:1'),
      /^sha256:[0-9a-f]{64}$/,
    );
    assert.equal(await docker('run', '--rm', 'imported:1'), 'imported yes');
    const piped = await engine.request('POST', '/images/create?fromSrc=-&repo=piped', {
      body: createReadStream(tree),
    });
    assert.equal(piped.status, 200, piped.text);
    assert.ok((await list()).includes('piped:latest'));
    await docker('rmi', 'imported:1', 'piped');
    assert.deepEqual((await list()).sort(), ['busybox:latest', 'hello-world:latest']);
  });

  test('info and version know the engine', async () => {
    proves('info', 'version');
    const info = JSON.parse(await docker('info', '-f', '{{json .}}')) as Record<string, unknown>;
    assert.deepEqual([info['Images'], info['Containers'], info['OSType']], [2, 0, 'linux']);
    assert.equal(info['DockerRootDir'], engine.identity.dataRoot);
    const version = JSON.parse(await docker('version', '-f', '{{json .Server}}')) as Record<string, string>;
    assert.equal(version['Os'], 'linux');
    assert.match(version['ApiVersion'] ?? '', /^1\.\d\d$/);
    assert.match(await docker('version'), /Server: /);
  });

  test('an archive that is none leaves no image', async () => {
    const before = await list('-a');
    const result = await run('sh', ['-c', 'echo not an archive | docker load'], {
      env: engine.environment(),
    });
    assert.equal(result.code, 1);
    assert.deepEqual(await list('-a'), before);
  });
});
