import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TarInput, writeTar } from '../../src/tar/index.ts';
import { needs, run, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { eventually, execScript, expectStatus, inspect, script, start } from './support.ts';

/** Two files that differ by one at most at any moment, with so much between them that a copy takes a while. */
const WRITER =
  'dd if=/dev/urandom of=/data/m bs=1M count=24 2>/dev/null; ' +
  'i=0; while :; do i=$((i+1)); for f in a z; do echo $i >/data/t; mv /data/t /data/$f; done; done';

describe('copies of volumes', needs('root'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());
  const berth = (...args: string[]) => succeed(engine.berth(...args));
  const data = (name: string, ...path: string[]) =>
    join(engine.identity.dataRoot, 'volumes', name, '_data', ...path);
  const mounted = (volume: string) => ({ host: { Binds: [`${volume}:/data`] } });
  const difference = (name: string) =>
    Number(readFileSync(data(name, 'a'), 'utf8')) - Number(readFileSync(data(name, 'z'), 'utf8'));
  const filled = (volume: string) =>
    script(
      engine,
      'cd /data && chown 7:8 . && chmod 2750 . && mkdir -p d/e && echo hello >d/file && ln d/file hard && ln -s d/file soft && ' +
        'chown 5:6 d/file && chmod 4711 d/file && mkfifo pipe && touch -d 2001-02-03 d/e && truncate -s 8M sparse',
      mounted(volume),
    );
  /** What there is to see of the files of a volume. */
  const look = (name: string) =>
    succeed(
      run('sh', [
        '-c',
        `cd '${data(name)}' && find . -printf '%p %y %m %U:%G %s %n %T@ %l\\n' | sort && cat d/file`,
      ]),
    );

  test('a clone is alike in everything, links and holes included, and is a volume of its own', async () => {
    await berth('volume', 'create', '--label', 'a=b', 'original');
    await filled('original');
    assert.equal(await berth('volume', 'clone', 'original', 'copy'), 'copy');
    assert.equal(await look('copy'), await look('original'));
    assert.ok(statSync(data('copy', 'sparse')).blocks < 100, 'a hole takes no space');
    assert.equal(await berth('volume', 'inspect', '-f', '{{json .Labels}}', 'copy'), '{"a":"b"}');
    await script(engine, 'echo changed >/data/d/file', mounted('copy'));
    assert.equal(readFileSync(data('original', 'd/file'), 'utf8'), 'hello\n');
    const taken = await engine.berth('volume', 'clone', 'original', 'copy');
    assert.match(taken.stderr, /there is a volume copy already/);
    assert.match(
      (await engine.berth('volume', 'clone', 'nothing', 'other')).stderr,
      /get nothing: no such volume/,
    );
    await berth('volume', 'rm', 'original', 'copy');
  });

  test('a volume that a running container writes is cloned and exported as it is at one moment', async () => {
    const id = await start(engine, { cmd: ['sh', '-c', WRITER], ...mounted('busy') });
    while (!existsSync(data('busy', 'z'))) await sleep(20);
    const since = Date.now() / 1000;
    for (const name of ['one', 'two']) {
      await berth('volume', 'clone', 'busy', name);
      assert.ok([0, 1].includes(difference(name)), `${difference(name)}`);
    }
    const exported = await engine.request('GET', '/volumes/busy/export');
    expectStatus(await engine.request('POST', '/volumes/three/import', { body: exported.body }), 201);
    assert.ok([0, 1].includes(difference('three')), `${difference('three')}`);
    const copies = () =>
      readdirSync(join(engine.identity.dataRoot, 'tmp')).filter((name) => name.startsWith('volume'));
    await eventually('the copy that was exported is gone', () => copies().length === 0);
    assert.equal((await inspect(engine, id)).State.Status, 'running');
    const counted = readFileSync(data('busy', 'a'), 'utf8');
    await sleep(50);
    assert.notEqual(readFileSync(data('busy', 'a'), 'utf8'), counted, 'it goes on');
    const until = `${Date.now() / 1000}`;
    const events = await berth('events', '--since', `${since}`, '--until', until, '--format', '{{.Action}}');
    assert.deepEqual(
      events.split('\n').filter((it) => /pause/.test(it)),
      Array(3).fill(['pause', 'unpause']).flat(),
    );

    await berth('volume', 'clone', '--pause=false', 'busy', 'four');
    const later = await berth(
      'events',
      '--since',
      until,
      '--until',
      `${Date.now() / 1000}`,
      '--format',
      '{{.Action}}',
    );
    assert.doesNotMatch(later, /pause/);
    await engine.request('DELETE', `/containers/${id}?force=1`);
    await berth('volume', 'rm', 'busy', 'one', 'two', 'three', 'four');
  });

  test('a container that a user has paused stays paused', async () => {
    const id = await start(engine, mounted('calm'));
    expectStatus(await engine.request('POST', `/containers/${id}/pause`), 204);
    await berth('volume', 'clone', 'calm', 'calm-copy');
    assert.equal((await inspect(engine, id)).State.Status, 'paused');
    await engine.request('DELETE', `/containers/${id}?force=1`);
    await berth('volume', 'rm', 'calm', 'calm-copy');
  });

  test('kill -9 of the engine in the middle of a clone: the container goes on, and there is no half a volume', async () => {
    const id = await start(engine, { cmd: ['sh', '-c', WRITER], ...mounted('busy') });
    while (!existsSync(data('busy', 'z'))) await sleep(20);
    const broken = engine.request('POST', '/volumes/busy/clone?name=half').catch(() => {});
    for (const end = Date.now() + 10_000; Date.now() < end; await sleep(1)) {
      if (existsSync(join(engine.identity.dataRoot, 'volumes/half/_next/a'))) break;
    }
    await engine.kill9();
    await broken;
    await engine.start();
    assert.equal((await inspect(engine, id)).State.Status, 'running');
    assert.equal(await execScript(engine, id, 'echo alive'), 'alive');
    assert.deepEqual((await berth('volume', 'ls', '-q')).split('\n'), ['busy']);
    assert.deepEqual(readdirSync(join(engine.identity.dataRoot, 'volumes')), ['busy']);
    await engine.request('DELETE', `/containers/${id}?force=1`);
    await berth('volume', 'rm', 'busy');
  });

  test('what is exported can be imported into a new or an empty volume, and into no other', async () => {
    await filled('source');
    const file = join(engine.identity.root, 'archive.tar');
    await berth('volume', 'export', '-o', file, 'source');
    assert.equal(await berth('volume', 'import', 'target', file), 'target');
    assert.equal(await look('target'), await look('source'));
    assert.match((await engine.berth('volume', 'import', 'target', file)).stderr, /volume is not empty/);
    await berth('volume', 'create', 'empty');
    const input = readFileSync(file);
    await succeed(engine.client('berth', ['volume', 'import', 'empty'], { input }));
    assert.equal(await look('empty'), await look('source'));
    const own = await succeed(run('tar', ['-tf', file]));
    assert.equal(own.split('\n')[0], './');
    await berth('volume', 'rm', 'source', 'target', 'empty');
    rmSync(file);
  });

  test('an archive that leads out, breaks off or is none leaves nothing', async () => {
    const outside = join(engine.identity.root, 'outside');
    mkdirSync(outside);
    const body = Buffer.from('x');
    const link = { entry: { name: 'link', type: 'symlink', linkName: outside } } as const;
    const archives = [
      await tar([{ entry: { name: '../../../outside/up' }, body }]),
      await tar([link, { entry: { name: 'link/through' }, body }]),
      (await tar([{ entry: { name: 'whole' }, body: Buffer.alloc(100_000) }])).subarray(0, 50_000),
      Buffer.from('this is no archive'.repeat(100)),
    ];
    for (const archive of archives) {
      const answer = await engine.request('POST', '/volumes/hostile/import', { body: archive });
      assert.ok(answer.status >= 400, `${answer.status} ${answer.text}`);
      assert.deepEqual(readdirSync(outside), []);
      assert.equal(await berth('volume', 'ls', '-q'), '');
      assert.deepEqual(readdirSync(join(engine.identity.dataRoot, 'volumes')), []);
    }
  });

  test('a rename reaches stopped containers, and is refused while one runs', async () => {
    const id = await start(engine, {
      cmd: ['sh', '-c', 'echo once more >>/data/n'],
      ...mounted('before'),
    });
    expectStatus(await engine.request('POST', `/containers/${id}/wait`), 200);
    await berth('volume', 'rename', 'before', 'after');
    assert.equal(existsSync(data('before')), false);
    const shown = await engine.request('GET', `/containers/${id}/json`);
    assert.equal(shown.json().Mounts[0].Name, 'after');
    assert.equal(shown.json().Mounts[0].Source, data('after'));
    assert.deepEqual(shown.json().HostConfig.Binds, ['after:/data']);
    await engine.restart();
    expectStatus(await engine.request('POST', `/containers/${id}/start`), 204);
    expectStatus(await engine.request('POST', `/containers/${id}/wait`), 200);
    assert.equal(readFileSync(data('after', 'n'), 'utf8'), 'once more\nonce more\n');
    const running = await start(engine, mounted('after'));
    assert.match((await engine.berth('volume', 'rename', 'after', 'later')).stderr, /volume is in use.*stop/);
    await berth('volume', 'create', 'taken');
    assert.match(
      (await engine.berth('volume', 'rename', 'taken', 'after')).stderr,
      /there is a volume after already/,
    );
    assert.match((await engine.berth('volume', 'rename', 'taken', 'a/b')).stderr, /invalid characters/);
    for (const it of [id, running]) await engine.request('DELETE', `/containers/${it}?force=1`);
    await berth('volume', 'rm', 'after', 'taken');
  });

  test('update is refused', async () => {
    const { code, stderr } = await engine.berth('volume', 'update', 'any');
    assert.equal(code, 1);
    assert.match(stderr, /only volumes of a cluster can be updated/);
  });
});

async function tar(entries: Iterable<TarInput>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeTar(entries)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
