import assert from 'node:assert/strict';
import { createReadStream, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { umountIfMounted } from '../../src/linux/index.ts';
import { needs, run, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { COUNT, checkLines } from './numbered.ts';
import {
  create,
  eventually,
  exec,
  execScript,
  expectStatus,
  inspect,
  isAlive,
  list,
  logs,
  remove,
  start,
  wait,
} from './support.ts';

suite('kill -9 of the engine', needs('root'), () => {
  test('what containers did meanwhile is known afterwards', async () => {
    await using engine = await startEngine();
    const runs = await start(engine, { cmd: COUNT });
    const removesItself = await start(engine, { cmd: ['sleep', '0.6'], host: { AutoRemove: true } });
    const ends = await Promise.all(
      [0, 3, 42, 255].map(async (code) => ({
        code,
        id: await start(engine, { cmd: ['sh', '-c', `sleep 0.6; echo "ends with ${code}"; exit ${code}`] }),
      })),
    );
    const oom = await start(engine, {
      cmd: ['sh', '-c', 'sleep 0.6; exec tail /dev/zero'],
      host: { Memory: 32 << 20, MemorySwap: 32 << 20 },
    });
    const before = Date.now();
    await engine.kill9();
    await sleep(1500);
    const after = Date.now();
    await engine.start();

    for (const { id, code } of ends) {
      const { State } = await inspect(engine, id);
      assert.deepEqual([State.Status, State.ExitCode, State.Pid], ['exited', code, 0]);
      const finished = Date.parse(State.FinishedAt);
      assert.ok(finished > before && finished < after, 'the time at which it happened');
      assert.equal(await wait(engine, id), code);
      assert.equal((await logs(engine, id)).stdout, `ends with ${code}\n`);
    }
    const { State } = await inspect(engine, oom);
    assert.deepEqual([State.ExitCode, State.OOMKilled], [137, true]);
    await eventually('the container made with --rm goes', async () => {
      return (await engine.request('GET', `/containers/${removesItself}/json`)).status === 404;
    });
    const lines = checkLines((await logs(engine, runs)).stdout);
    assert.ok(lines > 100, `${lines} lines`);
    expectStatus(await engine.request('POST', `/containers/${ends[0]!.id}/start`), 204);
    assert.equal(await wait(engine, ends[0]!.id), 0);
    const now = (await list(engine)).map(({ id, running }) => ({ id, running }));
    assert.deepEqual(await engine.leftovers(now), []);
  });

  test('paused containers are still paused, and those that are to run always run again', async () => {
    await using engine = await startEngine();
    const paused = await start(engine, { cmd: COUNT });
    expectStatus(await engine.request('POST', `/containers/${paused}/pause`), 204);
    const always = await start(engine, {
      cmd: ['sh', '-c', 'echo run; sleep 0.5'],
      host: { RestartPolicy: { Name: 'always' } },
    });
    const once = await start(engine, {
      cmd: ['sh', '-c', 'sleep 0.5; exit 1'],
      host: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 1 } },
    });
    await engine.kill9();
    await sleep(1000);
    await engine.start();

    assert.equal((await inspect(engine, paused)).State.Status, 'paused');
    const before = checkLines((await logs(engine, paused)).stdout);
    expectStatus(await engine.request('POST', `/containers/${paused}/unpause`), 204);
    await eventually('it writes on', async () => checkLines((await logs(engine, paused)).stdout) > before);
    await eventually(
      'it runs again',
      async () => (await logs(engine, always)).stdout.split('run').length > 2,
    );
    await eventually('it is given up', async () => (await inspect(engine, once)).State.Status === 'exited');
  });

  test('containers are paused, or not, as they were left in the last moment', async () => {
    await using engine = await startEngine();
    const [frozen, freed, halted] = [await start(engine), await start(engine), await start(engine)];
    const size = 64 << 20;
    await execScript(engine, halted, `dd if=/dev/urandom of=/big bs=1M count=${size >> 20} 2>/dev/null`);
    expectStatus(await engine.request('POST', `/containers/${freed}/pause`), 204);
    const commit = engine.request('POST', `/commit?container=${halted}`, { body: {} }).catch(() => undefined);
    await eventually('it is frozen', async () => (await inspect(engine, halted)).State.Status === 'paused');
    await engine.kill9();
    await commit;
    const root = join(engine.identity.execRoot, 'runtime/crun');
    await succeed(run('crun', [`--root=${root}`, 'pause', frozen]));
    await succeed(run('crun', [`--root=${root}`, 'resume', freed]));
    await engine.start();

    for (const [id, status] of [
      [frozen, 'paused'],
      [freed, 'running'],
      [halted, 'running'],
    ] as const) {
      assert.equal((await inspect(engine, id)).State.Status, status);
    }
    expectStatus(await engine.request('POST', `/containers/${frozen}/unpause`), 204);
    for (const id of [frozen, freed, halted]) assert.equal(await execScript(engine, id, 'echo on'), 'on');
  });

  test('clients can attach, follow, resize, signal and stop as before', async () => {
    await using engine = await startEngine();
    const script =
      'trap "echo got HUP" HUP; trap "exit 9" TERM; while :; do read line && echo "read $line"; done';
    const id = await start(engine, { cmd: ['sh', '-c', script], config: { OpenStdin: true } });
    const terminal = await start(engine, { cmd: ['sh'], config: { OpenStdin: true, Tty: true } });
    await engine.kill9();
    await engine.start();

    const client = engine.spawn('docker', 'attach', '--sig-proxy=false', id);
    let output = '';
    client.stdout?.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
    client.stdin?.write('one\n');
    await eventually('the line comes back', () => output.includes('read one\n'));
    expectStatus(await engine.request('POST', `/containers/${id}/kill?signal=HUP`), 204);
    client.stdin?.write('two\n');
    await eventually('the next one too', () => /got HUP\n(.*\n)*read two\n/.test(output));
    client.kill('SIGKILL');

    await using screen = engine.terminal('docker', ['attach', terminal], { rows: 33, columns: 77 });
    screen.write('\r');
    await screen.expect(/\/ # /);
    await eventually('the size is passed on', async () => {
      screen.write('stty size\r');
      return await screen.expect(/33 77/, 500).catch(() => undefined);
    }).catch((error: Error) => {
      throw new Error(`${error.message}\n${screen.output}`);
    });
    screen.write('exit 4\r');
    assert.equal(await screen.exit(), 4);

    expectStatus(await engine.request('POST', `/containers/${id}/stop?t=5`), 204);
    assert.equal((await inspect(engine, id)).State.ExitCode, 9);
  });

  test('in the middle of loading an image: it is there whole or not at all', async () => {
    await using engine = await startEngine({ images: [] });
    const path = resolve(import.meta.dirname, '../../build/images/busybox.tar');
    for (let round = 0; round < 6; round++) {
      const body = createReadStream(path, { highWaterMark: 16 * 1024 });
      const headers = { 'Content-Type': 'application/x-tar' };
      const loading = engine.request('POST', '/images/load', { body, headers }).catch(() => undefined);
      await sleep(10 + round * 25);
      await engine.kill9();
      body.destroy();
      await loading;
      await engine.start();
      assert.deepEqual(await engine.leftovers(), []);
      const images = (await engine.request('GET', '/images/json')).json() as { RepoTags: string[] }[];
      if (images.length === 0) continue;
      const { code } = await engine.docker('run', '--rm', '--network', 'none', 'busybox', 'true');
      assert.equal(code, 0);
      await succeed(engine.docker('rmi', '-f', 'busybox'));
    }
    await engine.load('busybox');
    assert.equal(await succeed(engine.docker('run', '--rm', 'busybox', 'echo', 'hi')), 'hi');
  });
});

suite('an engine that is stopped', needs('root'), () => {
  test('leaves containers running, and finds all of them as they were', async () => {
    await using engine = await startEngine();
    await create(engine, { name: 'made' });
    const ended = await start(engine, { name: 'ended', cmd: ['sh', '-c', 'exit 3'] });
    await wait(engine, ended);
    const id = await start(engine, { name: 'runs', cmd: COUNT, host: { NetworkMode: 'bridge' } });
    const format = '{{.ID}} {{.Names}} {{.Image}} {{.State}} {{.Command}} {{.Ports}} {{.Networks}}';
    const ps = () => succeed(engine.docker('ps', '-a', '--no-trunc', '--format', format));
    const before = { ps: await ps(), inspect: (await engine.request('GET', `/containers/${id}/json`)).text };
    const { Pid } = (await inspect(engine, id)).State;

    assert.equal(await engine.stop(), 0);
    assert.ok(isAlive(Pid));
    await engine.start();

    assert.equal(await ps(), before.ps);
    assert.equal((await engine.request('GET', `/containers/${id}/json`)).text, before.inspect);
    const reach = await engine.docker(
      'run',
      '--rm',
      'busybox',
      'ping',
      '-c',
      '1',
      '-W',
      '2',
      await addressOf(engine, id),
    );
    assert.equal(reach.code, 0, reach.stdout + reach.stderr);
    expectStatus(await engine.request('POST', '/containers/made/start'), 204);
  });

  test('ends its clients, and containers go on writing', async () => {
    await using engine = await startEngine();
    const id = await start(engine, { cmd: COUNT });
    const follower = engine.spawn('docker', 'logs', '-f', id);
    follower.stdout?.resume();
    const ended = new Promise((done) => follower.once('exit', done));
    await sleep(100);
    await engine.stop();
    await ended;
    await sleep(300);
    await engine.start();
    const from = checkLines((await logs(engine, id)).stdout);
    await sleep(100);
    assert.ok(checkLines((await logs(engine, id)).stdout) > from);
  });
});

suite('a machine that goes down', needs('root'), () => {
  test('takes processes, mounts and interfaces with it; the engine finds its containers ended', async () => {
    await using engine = await startEngine();
    const runs = await start(engine, { cmd: COUNT, host: { NetworkMode: 'bridge' } });
    await execScript(engine, runs, 'echo kept > /file');
    const always = await start(engine, {
      host: { NetworkMode: 'bridge', RestartPolicy: { Name: 'always' } },
    });
    const made = await create(engine);
    const temporary = await start(engine, { host: { AutoRemove: true } });
    await engine.kill9();
    const { execRoot, root, bridge } = engine.identity;
    for (const id of [runs, always, temporary]) process.kill(conmonOf(engine, id), 'SIGKILL');
    for (const line of await engine.leftovers()) {
      const pid = /^process (\d+)/.exec(line)?.[1];
      if (pid !== undefined && isAlive(Number(pid))) process.kill(Number(pid), 'SIGKILL');
    }
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '');
    for (const path of mounts.filter((it) => it.startsWith(`${root}/`)).reverse()) umountIfMounted(path);
    rmSync(execRoot, { recursive: true });
    await succeed(run('ip', ['link', 'delete', bridge]));

    await engine.start();
    const { State } = await inspect(engine, runs);
    assert.deepEqual([State.Status, State.ExitCode, State.Pid], ['exited', 255, 0]);
    assert.equal((await inspect(engine, made)).State.Status, 'created');
    await eventually('it runs again', async () => (await inspect(engine, always)).State.Running);
    await eventually('the container made with --rm goes', async () => {
      return (await engine.request('GET', `/containers/${temporary}/json`)).status === 404;
    });
    checkLines((await logs(engine, runs)).stdout);
    expectStatus(await engine.request('POST', `/containers/${runs}/start`), 204);
    assert.equal(await execScript(engine, runs, 'cat /file'), 'kept');
    await engine.restart();
    assert.deepEqual(await engine.leftovers(await list(engine)), []);
  });
});

suite('kill -9 of conmon', needs('root'), () => {
  test('ends its container with 137, and nothing is left', async () => {
    await using engine = await startEngine();
    const id = await start(engine, { host: { NetworkMode: 'bridge' } });
    const { Pid } = (await inspect(engine, id)).State;
    process.kill(conmonOf(engine, id), 'SIGKILL');
    assert.equal(await wait(engine, id), 137);
    assert.ok(!isAlive(Pid));
    const { State } = await inspect(engine, id);
    assert.deepEqual([State.Status, State.Running, State.ExitCode, State.Pid], ['exited', false, 137, 0]);
    assert.deepEqual(await engine.leftovers([{ id, running: false }]), []);
    expectStatus(await engine.request('POST', `/containers/${id}/start`), 204);
    assert.equal(await execScript(engine, id, 'echo again'), 'again');
  });

  test('while the engine is down as well', async () => {
    await using engine = await startEngine();
    const id = await start(engine, { host: { NetworkMode: 'bridge' } });
    const { Pid } = (await inspect(engine, id)).State;
    await engine.kill9();
    process.kill(conmonOf(engine, id), 'SIGKILL');
    await engine.start();
    const { State } = await inspect(engine, id);
    assert.deepEqual([State.Status, State.ExitCode, State.Pid], ['exited', 137, 0]);
    assert.ok(!isAlive(Pid));
    assert.deepEqual(await engine.leftovers([{ id, running: false }]), []);
  });

  test('in the middle of an exec', async () => {
    await using engine = await startEngine();
    const id = await start(engine);
    const running = exec(engine, id, ['sleep', '600']);
    await sleep(200);
    process.kill(conmonOf(engine, id), 'SIGKILL');
    assert.equal((await running).code, 137);
    assert.equal(await wait(engine, id), 137);
    await remove(engine, id);
    assert.deepEqual(await engine.leftovers(), []);
  });
});

function conmonOf(engine: TestEngine, id: string): number {
  return Number(readFileSync(join(engine.identity.execRoot, 'bundles', id, 'conmon.pid'), 'utf8'));
}

async function addressOf(engine: TestEngine, id: string): Promise<string> {
  return (await inspect(engine, id)).NetworkSettings.Networks.bridge.IPAddress;
}
