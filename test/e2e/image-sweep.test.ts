import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeBigImage } from '../../bench/big-image.ts';
import { needs, run, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { create, eventually, execScript, expectStatus, remove, start } from './support.ts';

const IMAGES = resolve(import.meta.dirname, '../../build/images');
const ROUNDS = 6;

suite('no file of images is without an owner', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
    await writeBigImage(join(engine.identity.root, 'big.tar'), { layers: 4, bytes: 20_000_000 });
  });
  after(() => engine[Symbol.asyncDispose]());

  const folder = (...parts: string[]) => join(engine.identity.dataRoot, ...parts);
  const listed = (...parts: string[]) => readdirSync(folder(...parts)).sort();

  /** Every layer and blob belongs to an image, every folder of a container to a container, and every image is whole. */
  const assertOwned = async (): Promise<void> => {
    const images = expectStatus(await engine.request('GET', '/images/json?all=1'), 200).json();
    const diffIds = new Set<string>();
    const blobs = new Set<string>();
    for (const { Id } of images as { Id: string }[]) {
      const image = expectStatus(await engine.request('GET', `/images/${Id}/json`), 200).json();
      for (const diffId of image.RootFS.Layers) diffIds.add(diffId.slice('sha256:'.length));
      const { body } = expectStatus(await engine.request('GET', `/images/get?names=${Id}`), 200);
      const names = await succeed(run('tar', ['-t'], { input: body }));
      for (const [, hex] of names.matchAll(/^blobs\/sha256\/(\w{64})$/gm)) blobs.add(hex!);
    }
    assert.deepEqual(listed('layers'), [...diffIds].sort());
    assert.deepEqual(listed('blobs/sha256'), [...blobs].sort());
    const containers = expectStatus(await engine.request('GET', '/containers/json?all=1'), 200).json();
    assert.deepEqual(listed('containers'), (containers as { Id: string }[]).map(({ Id }) => Id).sort());
    assert.deepEqual(listed('tmp/blobs'), []);
    // It is emptied in the background.
    await eventually('tmp/layers is empty', () => listed('tmp/layers').length === 0);
  };

  test('after loads, commits, imports, saves and removals, those that fail included', async () => {
    const root = engine.identity.root;
    const shell = (script: string) => run('sh', ['-c', script], { env: engine.environment(), cwd: root });
    const id = await start(engine, { cmd: ['sh', '-c', 'echo x >/x; sleep 600'] });
    await Promise.all([
      shell('docker load -i big.tar'),
      shell('head -c 9000000 big.tar | docker load'),
      shell(`docker load -i ${IMAGES}/hello-world.tar; docker rmi hello-world`),
      shell(`docker commit ${id} one; docker commit ${id} two; docker rmi one`),
      shell(
        `docker export ${id} | docker import - three; docker export ${id} | head -c 50000 | docker import -`,
      ),
      shell('docker save busybox | head -c 20000'),
    ]);
    await assertOwned();
    await remove(engine, id);
    await shell('docker rmi -f big:1 two three');
    await assertOwned();
  });

  test('after the engine was killed in the middle of them', async () => {
    const shell = (script: string) =>
      run('sh', ['-c', script], { env: engine.environment(), cwd: engine.identity.root }).catch(() => {});
    for (let round = 0; round < ROUNDS; round++) {
      const id = await create(engine);
      const work = Promise.all([
        shell('for i in 1 2 3 4 5; do docker load -i big.tar; docker rmi big:1; done'),
        shell(`for i in 1 2 3 4 5; do docker commit ${id} mine; done`),
        shell('for i in 1 2 3 4 5; do docker image prune -f; done'),
        shell(
          `for i in 1 2 3 4 5; do docker load -i ${IMAGES}/hello-world.tar; docker rmi hello-world; done`,
        ),
      ]);
      await sleep(100 + Math.random() * 900);
      await engine.kill9();
      await work;
      await engine.start();
      await assertOwned();
      await remove(engine, id);
    }
    await succeed(engine.docker('run', '--rm', '--network', 'none', 'busybox', 'true'));
  });

  test('a container of an image that has lost a layer is told which', async () => {
    const id = await create(engine);
    const image = expectStatus(await engine.request('GET', '/images/busybox/json'), 200).json();
    rmSync(folder('layers', image.RootFS.Layers[0].slice('sha256:'.length)), { recursive: true });
    const refused = expectStatus(await engine.request('POST', `/containers/${id}/start`), 500);
    assert.match(
      refused.json().message,
      /image busybox:latest is damaged: its layer sha256:\w+ is missing: load or pull/,
    );
    await engine.load('busybox');
    expectStatus(await engine.request('POST', `/containers/${id}/start`), 204);
    await execScript(engine, id, 'true');
    await remove(engine, id);
  });
});
