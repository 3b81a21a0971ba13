import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needs, proves, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { create, eventually, execScript, expectStatus, inspect, remove, start } from './support.ts';

const MILLI = 1e6;
/** Zombies count as processes: a first process that waits for them leaves none. */
const REAPING = { host: { Init: true } };

interface Result {
  readonly Start: string;
  readonly End: string;
  readonly ExitCode: number;
  readonly Output: string;
}

interface Health {
  readonly Status: string;
  readonly FailingStreak: number;
  readonly Log: readonly Result[];
}

suite('health checks', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());

  async function health(id: string): Promise<Health | undefined> {
    return ((await inspect(engine, id)).State as { Health?: Health }).Health;
  }

  function reaches(id: string, status: string): Promise<Health> {
    return eventually(`health ${status}`, async () => {
      const found = await health(id);
      return found?.Status === status ? found : undefined;
    });
  }

  /** Starts a container that is probed by a shell script; times in milliseconds. */
  function probed(script: string, more: Record<string, number> = {}, wish: object = {}): Promise<string> {
    const times = { Interval: 100, Timeout: 5000, ...more };
    const set = Object.entries(times).map(([key, value]) => [key, key === 'Retries' ? value : value * MILLI]);
    const Healthcheck = { Test: ['CMD-SHELL', script], ...Object.fromEntries(set) };
    return start(engine, { ...wish, config: { Healthcheck } });
  }

  async function actions(id: string, since: number): Promise<string[]> {
    const filters = encodeURIComponent(JSON.stringify({ container: [id] }));
    const answer = await engine.request(
      'GET',
      `/events?since=${since / 1000}&until=${Date.now() / 1000}&filters=${filters}`,
    );
    const lines = answer.text.trim().split('\n');
    return lines.map((line) => (JSON.parse(line) as { Action: string }).Action);
  }

  async function processes(id: string): Promise<number> {
    const answer = await engine.request('GET', `/containers/${id}/stats?stream=0&one-shot=1`);
    return (answer.json() as { pids_stats: { current: number } }).pids_stats.current;
  }

  test('docker run --health-cmd: starting, then healthy; ps says so and its filter finds it', async () => {
    proves('run --health-cmd', 'run --health-interval', 'run --health-retries');
    const flags = [
      '--health-cmd',
      '[ -e /well ] && echo fine',
      '--health-interval',
      '100ms',
      '--network',
      'none',
    ];
    const id = await succeed(
      engine.docker('run', '-d', ...flags, '--health-retries', '1000', 'busybox', 'sleep', '600'),
    );
    const status = () => succeed(engine.docker('ps', '--format', '{{.Status}}', '--filter', `id=${id}`));
    assert.match(await status(), /^Up .*\(health: starting\)$/);
    await execScript(engine, id, 'touch /well');
    const { Log, FailingStreak } = await reaches(id, 'healthy');
    assert.equal(FailingStreak, 0);
    assert.deepEqual([Log.at(-1)?.ExitCode, Log.at(-1)?.Output], [0, 'fine\n']);
    assert.match(await status(), /^Up .*\(healthy\)$/);
    const listed = (filter: string) =>
      succeed(engine.docker('ps', '-q', '--no-trunc', '--filter', `health=${filter}`));
    assert.equal(await listed('healthy'), id);
    assert.equal(await listed('unhealthy'), '');
    assert.equal(await listed('none'), '');
    await remove(engine, id);
  });

  test('failures in a row make unhealthy, one success makes healthy, and events tell of both', async () => {
    const since = Date.now() - 1;
    const id = await probed('echo probing; [ -e /well ]', { Retries: 3 });
    const sick = await reaches(id, 'unhealthy');
    assert.ok(sick.FailingStreak >= 3, `${sick.FailingStreak}`);
    assert.deepEqual([sick.Log[0]?.ExitCode, sick.Log[0]?.Output], [1, 'probing\n']);
    await execScript(engine, id, 'touch /well');
    assert.equal((await reaches(id, 'healthy')).FailingStreak, 0);
    const told = await actions(id, since);
    const changes = told.filter((action) => action.startsWith('health_status'));
    assert.deepEqual(changes, ['health_status: unhealthy', 'health_status: healthy']);
    const first = told.findIndex((action) => action.startsWith('exec_create'));
    assert.deepEqual(told.slice(first, first + 3), [
      'exec_create: /bin/sh -c echo probing; [ -e /well ]',
      'exec_start: /bin/sh -c echo probing; [ -e /well ]',
      'exec_die',
    ]);
    await remove(engine, id);
  });

  test('the log keeps five entries, and 4096 bytes of each', async () => {
    const id = await probed('yes 12345678 | head -c 5000', { Interval: 20 });
    const { Log } = await eventually('a full log', async () => {
      const found = await health(id);
      return found?.Log.length === 5 ? found : undefined;
    });
    const first = Log[0]!;
    assert.equal(first.Output, `${'12345678\n'.repeat(500).slice(0, 4096)}...`);
    assert.ok(Date.parse(first.Start) <= Date.parse(first.End));
    await eventually('a new entry', async () => (await health(id))?.Log[0]?.Start !== first.Start);
    assert.equal((await health(id))?.Log.length, 5);
    await remove(engine, id);
  });

  test('a slow probe is killed at its timeout, with what it has started', async () => {
    const id = await probed('echo slow; sleep 333; true', { Timeout: 300, Retries: 1 }, REAPING);
    const { Log } = await reaches(id, 'unhealthy');
    assert.deepEqual(
      [Log[0]?.ExitCode, Log[0]?.Output],
      [-1, 'Health check exceeded timeout (300ms): slow\n'],
    );
    await eventually('more probes', async () => (await health(id))?.Log.length === 5);
    // Two, and a probe that may be under way.
    assert.ok((await processes(id)) <= 4);
    await remove(engine, id);
  });

  test('a command that is not there is a failure with the reason', async () => {
    const Healthcheck = { Test: ['CMD', 'no-such-program'], Interval: 50 * MILLI, Retries: 1 };
    const id = await start(engine, { config: { Healthcheck } });
    const { Log } = await reaches(id, 'unhealthy');
    assert.equal(Log[0]?.ExitCode, -1);
    assert.match(Log[0]!.Output, /executable file not found/);
    await remove(engine, id);
  });

  test('failures in the start period do not count, and it has an interval of its own', async () => {
    const more = { Interval: 60_000, StartPeriod: 60_000, StartInterval: 50, Retries: 1 };
    const id = await probed('[ -e /well ]', more);
    await eventually('probes', async () => (await health(id))?.Log.length === 5);
    assert.deepEqual([(await health(id))?.Status, (await health(id))?.FailingStreak], ['starting', 0]);
    await execScript(engine, id, 'touch /well');
    await reaches(id, 'healthy');
    await remove(engine, id);
  });

  test('no probes while a container is paused, nor after it has stopped', async () => {
    const id = await probed('true', { Interval: 30 });
    await reaches(id, 'healthy');
    expectStatus(await engine.request('POST', `/containers/${id}/pause`), 204);
    await sleep(100);
    const paused = await health(id);
    await sleep(300);
    assert.deepEqual(await health(id), paused);
    expectStatus(await engine.request('POST', `/containers/${id}/unpause`), 204);
    await eventually(
      'probes again',
      async () => (await health(id))?.Log.at(-1)?.Start !== paused?.Log.at(-1)?.Start,
    );
    expectStatus(await engine.request('POST', `/containers/${id}/stop?t=0`), 204);
    const stopped = await health(id);
    assert.equal(stopped?.Status, 'unhealthy');
    await sleep(200);
    assert.deepEqual(await health(id), stopped);
    expectStatus(await engine.request('POST', `/containers/${id}/start`), 204);
    await reaches(id, 'healthy');
    await remove(engine, id);
  });

  for (const how of ['stop', 'kill9'] as const) {
    test(`probing goes on after the engine's ${how} and next start`, async () => {
      const id = await probed('[ ! -e /sick ]', { Retries: 2 });
      await reaches(id, 'healthy');
      await engine[how]();
      await engine.start();
      assert.equal((await health(id))?.Status, 'healthy');
      await execScript(engine, id, 'touch /sick');
      await reaches(id, 'unhealthy');
      await remove(engine, id);
    });
  }

  test('a probe that was under way when the engine was killed is ended by the next one', async () => {
    const id = await probed('sleep 333; true', { Timeout: 60_000 }, REAPING);
    await eventually('a probe', async () => (await processes(id)) === 4);
    await engine.kill9();
    await engine.start();
    await eventually('no more than one probe', async () => (await processes(id)) <= 4);
    await sleep(300);
    assert.ok((await processes(id)) <= 4);
    await remove(engine, id);
  });

  suite('on failure', () => {
    const flags = ['--health-cmd', '[ ! -e /sick ]', '--health-interval', '100ms', '--health-retries', '2'];
    const run = async (...more: string[]): Promise<string> => {
      const options = [...flags, '--network', 'none', ...more];
      const id = await succeed(engine.berth('run', '-d', ...options, 'busybox', 'sleep', '600'));
      await reaches(id, 'healthy');
      return id;
    };
    const sicken = (id: string): Promise<string> => execScript(engine, id, 'touch /sick');
    const state = async (id: string): Promise<{ Status: string; ExitCode: number; Pid: number }> =>
      (await inspect(engine, id)).State;

    test('kill ends the container', async () => {
      const id = await run('--health-on-failure', 'kill');
      await sicken(id);
      await eventually('the end', async () => (await state(id)).Status === 'exited');
      assert.equal((await state(id)).ExitCode, 137);
      await remove(engine, id);
    });

    test('kill leaves the next step to the restart policy', async () => {
      const id = await run('--health-on-failure', 'kill', '--restart', 'on-failure:1');
      const { Pid } = await state(id);
      await sicken(id);
      await eventually('another process', async () => ![0, Pid].includes((await state(id)).Pid));
      await remove(engine, id);
    });

    test('stop stops it for good', async () => {
      const id = await run('--health-on-failure', 'stop', '--restart', 'always', '--stop-signal', 'KILL');
      await sicken(id);
      await eventually('the end', async () => (await state(id)).Status === 'exited');
      await sleep(300);
      assert.equal((await state(id)).Status, 'exited');
      await remove(engine, id);
    });

    test('restart starts it anew, and its health with it', async () => {
      const id = await run('--health-on-failure', 'restart', '--stop-signal', 'KILL');
      const { Pid } = await state(id);
      await execScript(engine, id, 'touch /sick; (sleep 1; rm /sick) &');
      await eventually('another process', async () => ![0, Pid].includes((await state(id)).Pid));
      await remove(engine, id);
    });

    test('none does nothing, and anything else is refused', async () => {
      const id = await run('--health-on-failure', 'none');
      await sicken(id);
      await reaches(id, 'unhealthy');
      assert.equal((await state(id)).Status, 'running');
      await remove(engine, id);
      const refused = await engine.berth('run', '--health-on-failure', 'panic', 'busybox', 'true');
      assert.equal(refused.code, 125);
    });
  });

  test("the image's check is inherited, refined and switched off", async () => {
    const base = await create(engine);
    const change = encodeURIComponent('HEALTHCHECK --interval=100ms --retries=7 CMD true');
    const committed = await engine.request(
      'POST',
      `/commit?container=${base}&repo=checked&changes=${change}`,
    );
    if (committed.status === 404) return;
    const wish = async (Healthcheck: object | undefined): Promise<string> => {
      const body = {
        Image: 'checked',
        Cmd: ['sleep', '600'],
        Healthcheck,
        HostConfig: { NetworkMode: 'none' },
      };
      const made = expectStatus(await engine.request('POST', '/containers/create', { body }), 201);
      const { Id } = made.json() as { Id: string };
      expectStatus(await engine.request('POST', `/containers/${Id}/start`), 204);
      return Id;
    };
    const inherited = await wish(undefined);
    await reaches(inherited, 'healthy');
    const refined = await wish({ Retries: 2 });
    const { Config } = (await inspect(engine, refined)) as unknown as { Config: { Healthcheck: object } };
    assert.deepEqual(Config.Healthcheck, { Test: ['CMD-SHELL', 'true'], Interval: 100 * MILLI, Retries: 2 });
    const off = await wish({ Test: ['NONE'] });
    assert.equal(await health(off), undefined);
    for (const id of [inherited, refined, off, base]) await remove(engine, id);
    expectStatus(await engine.request('DELETE', '/images/checked'), 200);
  });

  const refused: ReadonlyArray<readonly [what: string, check: object]> = [
    ['an interval below a millisecond', { Test: ['CMD', 'true'], Interval: 1000 }],
    ['a negative timeout', { Test: ['CMD', 'true'], Timeout: -1 }],
    ['negative retries', { Test: ['CMD', 'true'], Retries: -1 }],
  ];
  for (const [what, Healthcheck] of refused) {
    test(`400: ${what}`, async () => {
      const body = { Image: 'busybox', Cmd: ['true'], Healthcheck };
      expectStatus(await engine.request('POST', '/containers/create', { body }), 400);
    });
  }
});
