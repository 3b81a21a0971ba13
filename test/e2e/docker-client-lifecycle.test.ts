import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, suite, test } from 'node:test';
import { exitCode, needs, proves, startEngine, succeed, type TestEngine } from '../harness/index.ts';

/** A shell that ends by itself only when it is asked to, with code 42. */
const POLITE = ['sh', '-c', 'trap "exit 42" TERM; echo ready; while :; do sleep 0.02; done'];
const ID = /[0-9a-f]{64}/;

suite('docker create, start, stop, kill, restart, wait and rm', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());

  const docker = (...args: string[]): Promise<string> => succeed(engine.docker(...args));
  const sleeper = (name: string, ...flags: string[]): Promise<string> =>
    docker('run', '-d', '--network', 'none', '--name', name, ...flags, 'busybox', 'sleep', '600');
  const state = (name: string): Promise<string> =>
    docker('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name);

  /** A polite shell that has set its trap. */
  const polite = async (name: string, ...flags: string[]): Promise<void> => {
    await docker('run', '-d', '--network', 'none', '--name', name, ...flags, 'busybox', ...POLITE);
    const child = engine.spawn('docker', 'logs', '-f', name);
    await once(child.stdout!, 'data');
    child.kill('SIGKILL');
  };

  /** A command that must fail with code 1, and what it says. */
  const refusal = async (...args: string[]): Promise<string> => {
    const result = await engine.docker(...args);
    assert.equal(result.code, 1, result.stdout);
    return result.stderr;
  };

  test('create makes a container that does not run; start runs it', async () => {
    proves('create', 'start');
    const id = await docker('create', '--name', 'made', 'busybox', 'sleep', '600');
    assert.match(id, ID);
    assert.equal(await state('made'), 'created 0');
    assert.equal(await docker('start', 'made'), 'made');
    assert.equal(await state('made'), 'running 0');
    assert.equal(await docker('start', 'made'), 'made');
    await docker('rm', '-f', 'made');
  });

  test('a start that fails leaves the container as created, with the reason', async () => {
    await docker('create', '--name', 'broken', 'busybox', 'nosuch');
    assert.match(await refusal('start', 'broken'), /executable file not found/);
    assert.equal(await state('broken'), 'created 127');
    assert.match(await docker('inspect', '-f', '{{.State.Error}}', 'broken'), /executable file not found/);
    await docker('rm', 'broken');
  });

  test('stop asks, and the program chooses its exit code', async () => {
    proves('stop');
    await polite('polite');
    assert.equal(await docker('stop', 'polite'), 'polite');
    assert.equal(await state('polite'), 'exited 42');
    assert.equal(await docker('stop', 'polite'), 'polite');
    await docker('rm', 'polite');
  });

  test('stop kills what does not go in time', async () => {
    proves('stop --timeout');
    await sleeper('stubborn');
    await docker('stop', '-t', '0', 'stubborn');
    assert.equal(await state('stubborn'), 'exited 137');
    await docker('rm', 'stubborn');
  });

  test('the stop signal and the time can be chosen for a container', async () => {
    proves('run --stop-signal', 'run --stop-timeout');
    const script = 'trap "exit 7" USR1; echo ready; while :; do sleep 0.02; done';
    const flags = ['--stop-signal', 'USR1', '--stop-timeout', '20'];
    await docker('run', '-d', '--name', 'own', ...flags, 'busybox', 'sh', '-c', script);
    const child = engine.spawn('docker', 'logs', '-f', 'own');
    await once(child.stdout!, 'data');
    await docker('stop', 'own');
    assert.equal(await state('own'), 'exited 7');
    await docker('rm', 'own');
  });

  test('kill sends any signal, KILL unless told', async () => {
    proves('kill', 'kill --signal');
    await polite('killed');
    await docker('kill', '-s', 'TERM', 'killed');
    assert.equal(await docker('wait', 'killed'), '42');
    await docker('start', 'killed');
    await docker('kill', 'killed');
    assert.equal(await state('killed'), 'exited 137');
    assert.match(await refusal('kill', 'killed'), /container [0-9a-f]{64} is not running/i);
    assert.match(await refusal('kill', '-s', 'NOSUCH', 'killed'), /invalid signal: NOSUCH/i);
    await docker('rm', 'killed');
  });

  test('restart keeps what goes after its end', async () => {
    await sleeper('temporary', '--rm');
    await docker('restart', '-t', '0', 'temporary');
    assert.equal(await state('temporary'), 'running 0');
    await docker('stop', '-t', '0', 'temporary');
    assert.match(await refusal('inspect', 'temporary'), /No such object/);
  });

  test('restart starts what runs and what does not', async () => {
    proves('restart', 'restart --timeout');
    await sleeper('restarted');
    const pid = () => docker('inspect', '-f', '{{.State.Pid}}', 'restarted');
    const first = await pid();
    await docker('restart', '-t', '0', 'restarted');
    const second = await pid();
    assert.notEqual(second, first);
    await docker('kill', 'restarted');
    assert.equal(await pid(), '0');
    await docker('restart', 'restarted');
    assert.equal(await state('restarted'), 'running 0');
    await docker('rm', '-f', 'restarted');
  });

  test('a container keeps its files from run to run', async () => {
    await docker('run', '--name', 'kept', 'busybox', 'sh', '-c', 'echo x >>/root/runs; cat /root/runs');
    assert.equal(await docker('start', '-a', 'kept'), 'x\nx');
    await docker('rm', 'kept');
  });

  test('wait waits, for several too', async () => {
    proves('wait');
    await sleeper('first');
    await sleeper('second');
    const child = engine.spawn('docker', 'wait', 'first', 'second');
    const ended = exitCode(child);
    let text = '';
    child.stdout!.on('data', (bytes: Buffer) => {
      text += String(bytes);
    });
    await docker('kill', 'first');
    await docker('stop', '-t', '0', 'second');
    assert.equal(await ended, 0);
    assert.equal(text, '137\n137\n');
    assert.equal(await docker('wait', 'first'), '137');
    await docker('rm', 'first', 'second');
  });

  test('rm refuses what runs, and with -f kills it', async () => {
    proves('rm', 'rm --force');
    await sleeper('busy');
    assert.match(await refusal('rm', 'busy'), /container is running: stop the container before removing/);
    assert.equal(await docker('rm', '-f', 'busy'), 'busy');
    assert.match(await refusal('inspect', 'busy'), /No such object: busy/i);
    assert.match(await refusal('rm', 'busy'), /No such container: busy/);
  });

  test('several at once, the missing one named', async () => {
    await sleeper('one');
    await sleeper('two');
    const result = await engine.docker('rm', '-f', 'one', 'two', 'nosuch');
    assert.equal(result.stdout, 'one\ntwo\n');
    assert.equal(await docker('ps', '-aq'), '');
  });

  test('each of them names a container that is not there', async () => {
    for (const verb of ['start', 'stop', 'kill', 'restart', 'wait', 'rm', 'attach', 'logs']) {
      assert.match(await refusal(verb, 'nosuch'), /No such container: nosuch/, verb);
    }
  });
});
