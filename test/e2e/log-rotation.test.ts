import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCode, needs, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { eventually } from './support.ts';

suite('the rotation of logs', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());

  const limits = (size: string, files: number, ...more: string[]): string[] => [
    ...['--log-opt', `max-size=${size}`, '--log-opt', `max-file=${files}`],
    ...more,
  ];
  /** Starts a container that runs a script, and gives its ID. */
  const begin = (name: string, flags: readonly string[], script: string): Promise<string> =>
    succeed(
      engine.docker(
        'run',
        '-d',
        '--name',
        name,
        '--network',
        'none',
        ...flags,
        'busybox',
        'sh',
        '-c',
        script,
      ),
    );
  const wait = (name: string): Promise<string> => succeed(engine.docker('wait', name));
  const logs = async (name: string, ...flags: string[]): Promise<string[]> =>
    (await succeed(engine.docker('logs', ...flags, name))).split('\n');
  const folder = (id: string): string => join(engine.identity.dataRoot, 'containers', id);
  const files = (id: string): string[] =>
    readdirSync(folder(id)).filter((file) => file.startsWith('container.log'));
  const numbers = (from: number, to: number): string[] =>
    Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

  test('loses no line, however fast they come, and logs reads through all files', async () => {
    const id = await begin(
      'fast',
      limits('100k', 100),
      'for i in 0 1 2 3 4 5 6 7; do seq $((i*5000+1)) $((i*5000+5000)); usleep 60000; done',
    );
    await wait('fast');
    assert.ok(files(id).length > 2, files(id).join());
    assert.deepEqual(await logs('fast'), numbers(1, 40_000));
    assert.deepEqual(await logs('fast', '--tail', '30000'), numbers(10_001, 40_000));
  });

  test('a follower misses no line', async () => {
    const script =
      'read line; for i in 1 2 3 4 5 6 7 8; do seq $((i*1000)) $((i*1000+999)); usleep 100000; done';
    await begin('followed', limits('20k', 50, '-i'), script);
    const child = engine.spawn('docker', 'logs', '-f', 'followed');
    const ended = exitCode(child);
    let text = '';
    child.stdout!.on('data', (piece) => {
      text += piece;
    });
    await engine.client('docker', ['attach', 'followed'], { input: 'go\n' });
    assert.equal(await ended, 0);
    assert.deepEqual(text.trimEnd().split('\n'), numbers(1000, 8999));
  });

  test('keeps no more files than max-file, and those have the last lines', async () => {
    const id = await begin(
      'bounded',
      limits('10k', 3),
      'for i in $(seq 20); do seq $i 500; usleep 50000; done',
    );
    await wait('bounded');
    await eventually('there are three files', () => files(id).length <= 3);
    const kept = await logs('bounded');
    assert.ok(kept.length < 5_000, `${kept.length} lines`);
    assert.equal(kept.at(-1), '500');
  });

  test('a single file is begun anew', async () => {
    const id = await begin(
      'single',
      limits('10k', 1),
      'for i in $(seq 20); do seq 500; usleep 50000; done; echo end',
    );
    await wait('single');
    assert.deepEqual(
      files(id).filter((file) => !file.endsWith('.tmp')),
      ['container.log'],
    );
    assert.equal((await logs('single')).at(-1), 'end');
    assert.ok(statSync(join(folder(id), 'container.log')).size < 100_000);
  });

  test('compresses what it has put aside, and logs reads that too', async () => {
    const script = 'for i in $(seq 10); do seq $((i*1000)) $((i*1000+999)); usleep 50000; done; sleep 1';
    const id = await begin('small', limits('20k', 50, '--log-opt', 'compress=true'), script);
    await wait('small');
    assert.ok(files(id).filter((file) => file.endsWith('.gz')).length > 2, files(id).join());
    assert.deepEqual(await logs('small'), numbers(1000, 10_999));
    assert.deepEqual(await logs('small', '--tail', '9999'), numbers(1001, 10_999));
  });

  test('the driver local compresses and keeps five files unless told', async () => {
    const id = await begin(
      'local',
      ['--log-driver', 'local', '--log-opt', 'max-size=10k'],
      'seq 1 200; sleep 0.3; seq 201 400',
    );
    await wait('local');
    assert.deepEqual(await logs('local', '--tail', '350'), numbers(51, 400));
    assert.ok(files(id).length > 1, files(id).join());
    assert.equal(await succeed(engine.docker('inspect', '-f', '{{.LogPath}}', 'local')), '');
  });

  test('goes on after an engine that was killed, without a line less', async () => {
    const script = 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo $i; usleep 1000; done';
    const id = await begin('killed', limits('10k', 100), script);
    for (let round = 0; round < 4; round++) {
      await sleep(400);
      await engine.kill9();
      await sleep(100);
      await engine.start();
    }
    await wait('killed');
    assert.ok(files(id).length > 2, files(id).join());
    assert.deepEqual(await logs('killed'), numbers(1, 3000));
  });

  test('a rotation that an engine could not finish is finished by the next one', async () => {
    const id = await begin('half', limits('100m', 5, '-i'), 'echo before; read line; echo after; sleep 600');
    await eventually('the first line', async () => (await logs('half')).includes('before'));
    await engine.kill9();
    renameSync(join(folder(id), 'container.log'), join(folder(id), 'container.log.1'));
    await engine.start();
    await eventually('conmon has begun a new file', () => files(id).includes('container.log'));
    assert.deepEqual(await logs('half'), ['before']);
    await engine.client('docker', ['attach', 'half'], { input: 'go\n', timeout: 1000 }).catch(() => {});
    assert.deepEqual(await logs('half'), ['before', 'after']);
    assert.match(readFileSync(join(folder(id), 'container.log'), 'utf8'), /^\S+ stdout F after\n$/);
    await succeed(engine.docker('rm', '-f', 'half'));
  });

  test('a second run goes on in the same files', async () => {
    await begin('again', limits('10k', 100), 'seq 1000');
    await wait('again');
    await succeed(engine.docker('start', '-a', 'again'));
    assert.deepEqual(await logs('again'), [...numbers(1, 1000), ...numbers(1, 1000)]);
  });

  test('a follower that is killed, and one that does not read, hold nothing up', async () => {
    const id = await begin('free', limits('1m', 3), 'while :; do seq 1 10000; done');
    const killed = engine.spawn('docker', 'logs', '-f', 'free');
    const gone = exitCode(killed);
    await once(killed.stdout!, 'data');
    killed.kill('SIGKILL');
    assert.equal(await gone, 137);
    // Nobody reads this one's output: its pipe is full at once.
    const stuck = engine.spawn('docker', 'logs', '-f', 'free');
    const ended = exitCode(stuck);
    await sleep(500);
    const highest = (): number =>
      Math.max(0, ...files(id).map((file) => Number(/\.(\d+)$/.exec(file)?.[1] ?? 0)));
    const before = highest();
    await eventually('the log goes on', () => highest() > before + 1);
    stuck.kill('SIGKILL');
    stuck.stdout!.resume();
    await ended;
    await succeed(engine.docker('rm', '-f', 'free'));
  });
});
