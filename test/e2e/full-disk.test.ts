import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { newIdentity } from '../harness/identity.ts';
import { needs, TestEngine } from '../harness/index.ts';
import { Disk } from './disk.ts';
import {
  create,
  eventually,
  execScript,
  expectStatus,
  inspect,
  isAlive,
  list,
  logs,
  remove,
  runToEnd,
  start,
  wait,
} from './support.ts';

suite('a full disk', needs('root'), () => {
  let disk: Disk;
  let engine: TestEngine;
  before(async () => {
    const identity = newIdentity();
    disk = new Disk(identity.dataRoot, 24);
    engine = new TestEngine(identity, []);
    await engine.start();
    await engine.load('busybox');
  });
  after(async () => {
    disk.free();
    for (const { id } of await list(engine)) await remove(engine, id);
    const left = await engine.leftovers();
    await engine.stop();
    disk[Symbol.dispose]();
    await engine[Symbol.asyncDispose]();
    assert.deepEqual(
      left.filter((line) => line !== `mount ${engine.identity.dataRoot}`),
      [],
    );
  });

  afterEach(() => disk.free());

  test('while an image is loaded: a clear error, nothing of it is left, and later it works', async () => {
    const space = disk.left;
    disk.fill(16 * 1024);
    await assert.rejects(engine.load('hello-world'), /no space left/i);
    disk.free();
    assert.equal((await engine.request('GET', '/images/hello-world/json')).status, 404);
    assert.ok(space - disk.left < 64 * 1024, `${space - disk.left} bytes less`);
    await engine.load('hello-world');
  });

  test('while a container is made or started: a clear error, nothing half, and later it works', async () => {
    const made = await create(engine);
    disk.fill(0);
    const create1 = await engine.request('POST', '/containers/create', {
      body: { Image: 'busybox', Cmd: ['true'] },
    });
    assert.equal(create1.status, 500, create1.text);
    assert.match(create1.text, /no space left|disk is full/i);
    const started = await engine.request('POST', `/containers/${made}/start`);
    assert.equal(started.status, 500, started.text);
    assert.match(started.text, /no space left|disk is full/i);
    disk.free();
    assert.equal((await inspect(engine, made)).State.Running, false);
    assert.deepEqual(
      (await list(engine)).map((it) => it.id),
      [made],
    );
    expectStatus(await engine.request('POST', `/containers/${made}/start`), 204);
    assert.equal(await execScript(engine, made, 'echo works'), 'works');
    await remove(engine, made);
  });

  test('while a container writes its log: it goes on, and so does its log later', async () => {
    const id = await start(engine, {
      cmd: ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo "line $i"; usleep 1000; done'],
    });
    const { Pid } = (await inspect(engine, id)).State;
    disk.fill(64 * 1024);
    await eventually('the disk is full', () => disk.left === 0);
    await sleep(300);
    assert.equal((await engine.request('GET', '/_ping')).status, 200);
    assert.ok(isAlive(Pid));
    assert.equal((await inspect(engine, id)).State.Running, true);
    disk.free();
    const last = async () => (await logs(engine, id, '&tail=1')).stdout;
    const stuck = await last();
    await eventually('the log goes on', async () => (await last()) !== stuck);
    assert.equal(await execScript(engine, id, 'echo alive'), 'alive');
    expectStatus(await engine.request('POST', `/containers/${id}/stop?t=0`), 204);
    await remove(engine, id);
  });

  test('while a container ends: its end is known, and it can be removed later', async () => {
    const id = await start(engine, {
      cmd: ['sh', '-c', 'sleep 0.5; exit 5'],
      host: { NetworkMode: 'bridge' },
    });
    disk.fill(0);
    await wait(engine, id);
    const { State } = await inspect(engine, id);
    assert.deepEqual([State.Status, State.Pid], ['exited', 0]);
    disk.free();
    await engine.restart();
    assert.equal((await inspect(engine, id)).State.Status, 'exited');
    await remove(engine, id);
  });

  test('at the start of the engine: it says why it does not start, and starts later', async () => {
    await engine.stop();
    disk.fill(0);
    const refused = await engine.start().then(
      () => undefined,
      (error: Error) => error,
    );
    // An engine that needs no space to start is as good.
    if (refused !== undefined) assert.match(refused.message, /no space left|disk is full/i);
    disk.free();
    if (refused !== undefined) await engine.start();
    assert.equal((await runToEnd(engine, ['true'])).code, 0);
  });
});
