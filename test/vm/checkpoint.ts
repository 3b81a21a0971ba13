import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Result, startEngine, succeed, type TestEngine } from '../harness/index.ts';

// CRIU 3.17, which Debian 12 has, does not get along with the kernels that machines have today; with Debian 12's own it does.

/** Everything is some fifty times slower than on the processor itself. */
const timeout = 300_000;

suite('checkpoints', { skip: process.env['BERTH_VM'] !== '1' && 'needs the virtual machine' }, () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine({ flags: ['--experimental'] });
  });
  after(() => engine[Symbol.asyncDispose]());

  const docker = (...args: string[]): Promise<Result> => engine.client('docker', args, { timeout });
  const done = (...args: string[]): Promise<string> => succeed(docker(...args));
  /** A container that counts in memory alone. */
  const count = (name: string, ...flags: string[]): Promise<string> =>
    done(
      ...['run', '-d', '--name', name, '--runtime', 'runc', ...flags],
      ...['busybox', 'sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.5; done'],
    );
  const numbers = async (name: string): Promise<number[]> =>
    (await done('logs', name)).split('\n').map(Number);
  const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    for (const end = Date.now() + timeout; !(await holds()); await sleep(200))
      assert.ok(Date.now() < end, what);
  };
  /** Its numbers follow each other: it has never begun anew. */
  const assertUnbroken = (all: readonly number[]): void =>
    assert.deepEqual(
      all,
      all.map((_, index) => index + 1),
    );

  for (const network of ['none', 'bridge']) {
    test(`a container goes on where a checkpoint left it, network ${network}`, async () => {
      const name = `counter-${network}`;
      await count(name, '--network', network);
      await until('it counts', async () => (await numbers(name)).length > 3);
      assert.equal(await done('checkpoint', 'create', name, 'one'), 'one');
      assert.equal(await done('inspect', '-f', '{{.State.Status}}', name), 'exited');
      const before = (await numbers(name)).length;
      assert.equal(await done('checkpoint', 'ls', name), 'CHECKPOINT NAME\none');
      await done('start', '--checkpoint', 'one', name);
      await until('it counts on', async () => (await numbers(name)).length > before + 3);
      assertUnbroken(await numbers(name));
      assert.equal(await done('exec', name, 'echo', 'works'), 'works');
      await done('checkpoint', 'rm', name, 'one');
      assert.equal(await done('checkpoint', 'ls', name), 'CHECKPOINT NAME');
      await done('rm', '-f', name);
    });
  }

  test('a container can be left running, and a name is taken once', async () => {
    await count('left', '--network', 'none');
    await done('checkpoint', 'create', '--leave-running', 'left', 'one');
    assert.equal(await done('inspect', '-f', '{{.State.Running}}', 'left'), 'true');
    const again = await docker('checkpoint', 'create', '--leave-running', 'left', 'one');
    assert.match(again.stderr, /checkpoint with name one already exists for container left/);
    const before = (await numbers('left')).length;
    await until('it counts on', async () => (await numbers('left')).length > before);
    assertUnbroken(await numbers('left'));
    await done('rm', '-f', 'left');
  });
});
