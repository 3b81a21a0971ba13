import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needs, proves, startEngine, succeed, type TestEngine } from '../harness/index.ts';

suite('docker pause, rename, top, port, prune, inspect and stats', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());

  const docker = (...args: string[]): Promise<string> => succeed(engine.docker(...args));
  const sleeper = (name: string, ...flags: string[]): Promise<string> =>
    docker('run', '-d', '--network', 'none', '--name', name, ...flags, 'busybox', 'sleep', '600');
  const state = (name: string): Promise<string> => docker('inspect', '-f', '{{.State.Status}}', name);
  const refusal = async (...args: string[]): Promise<string> => {
    const result = await engine.docker(...args);
    assert.equal(result.code, 1, result.stdout);
    return result.stderr;
  };

  test('pause freezes every process, unpause lets them go on', async () => {
    proves('pause', 'unpause');
    const script = 'while :; do date +%s%N >/now; done';
    await docker('run', '-d', '--name', 'busy', '--network', 'none', 'busybox', 'sh', '-c', script);
    assert.equal(await docker('pause', 'busy'), 'busy');
    assert.equal(await state('busy'), 'paused');
    assert.match(await docker('ps', '--format', '{{.Status}}'), /\(Paused\)$/);
    const written = () => docker('cp', 'busy:/now', '-');
    const before = await written();
    await sleep(300);
    assert.equal(await written(), before);
    assert.match(await refusal('pause', 'busy'), /is already paused/);
    assert.match(await refusal('exec', 'busy', 'true'), /is paused, unpause the container before exec/);
    assert.match(await refusal('start', 'busy'), /cannot start a paused container, try unpause instead/);
    assert.equal(await docker('unpause', 'busy'), 'busy');
    assert.equal(await docker('exec', 'busy', 'echo', 'awake'), 'awake');
    assert.match(await refusal('unpause', 'busy'), /is not paused/);
    await docker('pause', 'busy');
    assert.equal(await docker('stop', '-t', '0', 'busy'), 'busy');
    assert.equal(await state('busy'), 'exited');
    assert.match(await refusal('pause', 'busy'), /is not running/);
    await docker('rm', 'busy');
  });

  test('rename: the new name is taken, the old one is free', async () => {
    proves('rename');
    await sleeper('before');
    await docker('rename', 'before', 'after');
    assert.equal(await state('after'), 'running');
    assert.match(await refusal('inspect', 'before'), /No such object: before/i);
    await sleeper('before');
    assert.match(
      await refusal('rename', 'before', 'after'),
      /The container name "\/after" is already in use/,
    );
    assert.match(await refusal('rename', 'before', 'b/d'), /Invalid container name/);
    assert.match(await refusal('rename', 'before', 'before'), /same name|already in use/);
    await docker('rm', '-f', 'before', 'after');
  });

  test('top has the columns that ps is asked for', async () => {
    proves('top');
    await sleeper('watched');
    const usual = (await docker('top', 'watched')).split('\n');
    assert.match(usual[0]!, /^UID +PID +PPID +C +STIME +TTY +TIME +CMD/);
    assert.match(usual[1]!, /^root .*sleep 600/);
    assert.match(await docker('top', 'watched', '-o', 'pid,comm'), /^PID +COMMAND *\n\d+ +sleep *$/);
    assert.match(await refusal('top', 'watched', '--no-such'), /ps|unsupported|unknown/i);
    await docker('stop', '-t', '0', 'watched');
    assert.match(await refusal('top', 'watched'), /is not running/);
    await docker('rm', 'watched');
  });

  test('restart and stop send the signal that is chosen', async () => {
    proves('restart --signal', 'stop --signal');
    const script = 'trap "exit 9" USR1; trap "exit 8" TERM; echo ready; while :; do sleep 0.02; done';
    await docker('run', '-d', '--name', 'asked', '--network', 'none', 'busybox', 'sh', '-c', script);
    const ready = async () => {
      while ((await docker('logs', '--tail', '1', 'asked')) !== 'ready') await sleep(10);
    };
    await ready();
    const since = (Date.now() / 1000).toFixed(3);
    await docker('restart', '-s', 'USR1', 'asked');
    const soon = ((Date.now() + 2) / 1000).toFixed(3);
    const die = ['events', '--since', since, '--until', soon, '--filter', 'event=die'];
    assert.equal(await docker(...die, '--format', '{{.Actor.Attributes.exitCode}}'), '9');
    await sleep(100);
    await docker('stop', '-s', 'USR1', 'asked');
    assert.equal(await docker('wait', 'asked'), '9');
    await docker('rm', 'asked');
  });

  test('container prune takes what has stopped, by label and by age', async () => {
    proves('container prune', 'container prune --filter', 'container prune --force');
    const ended = (name: string, ...flags: string[]) =>
      docker('run', '--name', name, '--network', 'none', ...flags, 'busybox', 'true');
    await sleeper('runs', '-l', 'keep=no');
    await ended('kept', '-l', 'keep=yes');
    await ended('old', '-l', 'keep=no');
    await docker('create', '--name', 'never', 'busybox');
    const names = async () => (await docker('ps', '-a', '--format', '{{.Names}}')).split('\n').sort();
    const prune = (...filters: string[]) =>
      docker('container', 'prune', '-f', ...filters.flatMap((filter) => ['--filter', filter]));
    assert.match(await prune('until=1h'), /^Total reclaimed space: 0B$/);
    assert.match(
      await prune('label=keep=no'),
      /^Deleted Containers:\n[0-9a-f]{64}\n\nTotal reclaimed space: /,
    );
    assert.deepEqual(await names(), ['kept', 'never', 'runs']);
    await prune('label!=keep');
    assert.deepEqual(await names(), ['kept', 'runs']);
    const asked = await engine.client('docker', ['container', 'prune'], { input: 'n\n' });
    assert.match(asked.stdout, /This will remove all stopped containers/);
    assert.deepEqual(await names(), ['kept', 'runs']);
    assert.match(
      await refusal('container', 'prune', '-f', '--filter', 'nosuch=1'),
      /invalid filter 'nosuch'/,
    );
    await prune();
    assert.deepEqual(await names(), ['runs']);
    await docker('rm', '-f', 'runs');
  });

  test('container inspect: formats and sizes', async () => {
    proves('container inspect', 'container inspect --format', 'container inspect --size');
    await sleeper('looked-at');
    const inspect = (...flags: string[]) => docker('container', 'inspect', ...flags, 'looked-at');
    const [whole] = JSON.parse(await inspect()) as [{ Name: string; SizeRw?: number }];
    assert.deepEqual([whole.Name, whole.SizeRw], ['/looked-at', undefined]);
    assert.equal(await inspect('-f', '{{.Name}} {{.State.Running}}'), '/looked-at true');
    assert.match(await inspect('-s', '-f', '{{.SizeRw}} {{.SizeRootFs}}'), /^\d+ \d{6,}$/);
    await docker('rm', '-f', 'looked-at');
    assert.match(await refusal('container', 'inspect', 'looked-at'), /No such container: looked-at/);
  });

  test('stats: once, of all, in a format, with whole IDs', async () => {
    proves('stats --no-stream', 'stats --all', 'stats --format', 'stats --no-trunc');
    const id = await sleeper('counted');
    await docker('create', '--name', 'idle', 'busybox');
    const stats = (...flags: string[]) => docker('stats', '--no-stream', ...flags);
    assert.match(await stats(), /^CONTAINER ID +NAME +CPU %[^\n]*\n[0-9a-f]{12} +counted +[\d.]+%[^\n]*$/);
    assert.equal(await stats('--no-trunc', '--format', '{{.ID}} {{.PIDs}}'), `${id} 1`);
    const all = (await stats('-a', '--format', '{{.Name}} {{.PIDs}}')).split('\n').sort();
    assert.deepEqual(all, ['counted 1', 'idle 0']);
    await docker('rm', '-f', 'counted', 'idle');
  });

  test('info and version in a format', async () => {
    proves('info --format', 'version --format');
    assert.match(await docker('version', '-f', '{{.Server.Os}}/{{.Server.Arch}}'), /^linux\/(amd64|arm64)$/);
    assert.equal(await docker('info', '-f', '{{.ContainersRunning}} {{.Driver}}'), '0 overlay2');
  });
});
