import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { needs, proves, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { inspect, isAlive } from './support.ts';

// Checkpoints that are made and restored: test/vm/checkpoint.ts, since CRIU does not get along with every kernel.

suite('checkpoints that cannot be', needs('root', 'docker', 'criu', 'runc'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine({ flags: ['--experimental'] });
    await run('plain');
    await run('terminal', '--runtime', 'runc', '-t');
    await succeed(engine.docker('create', '--name', 'stopped', '--runtime', 'runc', 'busybox'));
  });
  after(() => engine[Symbol.asyncDispose]());

  const run = (name: string, ...flags: string[]): Promise<string> =>
    succeed(
      engine.docker('run', '-d', '--name', name, '--network', 'none', ...flags, 'busybox', 'sleep', '600'),
    );
  const folder = async (name: string): Promise<string> =>
    join(engine.identity.dataRoot, 'containers', (await inspect(engine, name)).Id, 'checkpoints');

  for (const client of ['docker', 'berth'] as const) {
    const refused = async (words: RegExp, ...args: string[]): Promise<void> => {
      const result = await engine.client(client, args);
      assert.notEqual(result.code, 0);
      assert.match(result.stderr, words);
    };

    test(`${client}: a runtime without CRIU is named, and the container runs on`, async () => {
      const words =
        /Cannot checkpoint container plain: the runtime crun was built without CRIU: make the container with --runtime runc/;
      await refused(words, 'checkpoint', 'create', 'plain', 'one');
      const { State } = await inspect(engine, 'plain');
      assert.ok(State.Running && isAlive(State.Pid));
      assert.equal(existsSync(join(await folder('plain'), 'one')), false);
      assert.equal(await succeed(engine.client(client, ['checkpoint', 'ls', 'plain'])), 'CHECKPOINT NAME');
    });

    test(`${client}: a container that does not run, or has a terminal, or a bad name, is refused`, async () => {
      await refused(/Container [0-9a-f]{64} is not running/, 'checkpoint', 'create', 'stopped', 'one');
      await refused(
        /checkpoint not supported on containers with tty/,
        'checkpoint',
        'create',
        'terminal',
        'one',
      );
      await refused(/Invalid checkpoint ID \(\.\.\/up\)/, 'checkpoint', 'create', 'plain', '../up');
      await refused(/No such container: nosuch/, 'checkpoint', 'create', 'nosuch', 'one');
      await refused(/not an absolute path/, 'checkpoint', 'ls', '--checkpoint-dir', 'here', 'plain');
    });

    test(`${client}: a checkpoint that is not there is named`, async () => {
      const words = /checkpoint nosuch does not exist for container stopped/;
      await refused(words, 'checkpoint', 'rm', 'stopped', 'nosuch');
      await refused(words, 'start', '--checkpoint', 'nosuch', 'stopped');
    });
  }

  test('a failed restore leaves the machine as it was, and the container can be started', async () => {
    proves('start --checkpoint');
    mkdirSync(join(await folder('stopped'), 'empty'), { recursive: true });
    assert.equal(await succeed(engine.docker('checkpoint', 'ls', 'stopped')), 'CHECKPOINT NAME\nempty');
    const result = await engine.docker('start', '--checkpoint', 'empty', 'stopped');
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, /checkpoints\/empty/);
    await succeed(engine.docker('start', 'stopped'));
    await succeed(engine.docker('wait', 'stopped'));
    await succeed(engine.docker('checkpoint', 'rm', 'stopped', 'empty'));
    assert.equal(await succeed(engine.docker('checkpoint', 'ls', 'stopped')), 'CHECKPOINT NAME');
  });

  test('an engine without experimental features refuses them all', async () => {
    await using plain = await startEngine();
    await succeed(plain.docker('create', '--name', 'plain', 'busybox'));
    const body = { CheckpointID: 'one' };
    for (const [method, path, options] of [
      ['POST', '/containers/plain/checkpoints', { body }],
      ['GET', '/containers/plain/checkpoints', {}],
      ['DELETE', '/containers/plain/checkpoints/one', {}],
    ] as const) {
      const answer = await plain.request(method, path, options);
      assert.equal(answer.status, 501, answer.text);
      assert.match(answer.text, /This experimental feature is disabled by default/);
    }
    const start = await plain.request('POST', '/containers/plain/start?checkpoint=one');
    assert.equal(start.status, 400);
    assert.match(start.text, /checkpoint is only supported in experimental mode/);
  });
});
