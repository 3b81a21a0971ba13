import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupFolders, cgroupVersion, readCgroupFile, readCgroupKey } from '../../src/linux/index.ts';
import { needs, proves, startEngine, type TestEngine } from '../harness/index.ts';
import { create, exec, execScript, expectStatus, inspect, remove, runToEnd, start, wait } from './support.ts';

const MIB = 1024 * 1024;
/** Takes memory until something stops it: tail keeps the one line, which never ends, that it reads. */
const EAT = ['sh', '-c', 'tail /dev/zero'];

suite('limits', needs('root'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());

  /** The first file of a container's cgroup that is there: v1 and v2 have different names for most. */
  function limitOf(id: string, controller: string, ...files: string[]): string {
    const path = join('/', engine.identity.cgroupParent, id);
    const found = files.map((file) => readCgroupFile(controller, path, file)).find((it) => it !== undefined);
    assert.ok(found !== undefined, `${controller}: none of ${files}`);
    return found;
  }

  suite('memory', () => {
    test('a process that wants more is killed, and inspect and events say why', async () => {
      proves('GET /events');
      const since = Date.now() / 1000;
      const id = await start(engine, {
        cmd: ['tail', '/dev/zero'],
        host: { Memory: 32 * MIB, MemorySwap: 32 * MIB },
      });
      assert.equal(await wait(engine, id), 137);
      const { State } = await inspect(engine, id);
      assert.deepEqual([State.Status, State.OOMKilled, State.ExitCode], ['exited', true, 137]);
      const filters = encodeURIComponent(JSON.stringify({ container: [id] }));
      const events = await engine.request(
        'GET',
        `/events?since=${since - 1}&until=${Date.now() / 1000}&filters=${filters}`,
      );
      const actions = events.text
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { Action: string }).Action);
      assert.deepEqual(
        actions.filter((action) => ['oom', 'die'].includes(action)),
        ['oom', 'die'],
      );
      await remove(engine, id);
    });

    test('a container whose child is killed goes on, and is marked when it ends', async () => {
      const id = await start(engine, {
        cmd: ['sh', '-c', 'tail /dev/zero; echo "the child ended with $?"; exit 3'],
        host: { Memory: 32 * MIB, MemorySwap: 32 * MIB },
      });
      assert.equal(await wait(engine, id), 3);
      const { State } = await inspect(engine, id);
      assert.deepEqual([State.OOMKilled, State.ExitCode], [true, 3]);
      await remove(engine, id);
    });

    test('the next run of the container begins without that mark', async () => {
      const id = await create(engine, {
        cmd: ['sh', '-c', '[ -e /again ] && exit 0; touch /again; tail /dev/zero'],
        host: { Memory: 32 * MIB, MemorySwap: 32 * MIB },
      });
      for (const [oomKilled, code] of [
        [true, 137],
        [false, 0],
      ] as const) {
        expectStatus(await engine.request('POST', `/containers/${id}/start`), 204);
        const exitCode = await wait(engine, id);
        const { State } = await inspect(engine, id);
        assert.deepEqual([State.OOMKilled, exitCode], [oomKilled, code]);
      }
      await remove(engine, id);
    });

    test('an exec counts, and its end does not end the container', async () => {
      const id = await start(engine, { host: { Memory: 32 * MIB, MemorySwap: 32 * MIB } });
      assert.equal((await exec(engine, id, EAT)).code, 137);
      assert.equal(await execScript(engine, id, 'echo still here'), 'still here');
      await remove(engine, id);
    });

    test('limits are those that were asked for', async () => {
      const id = await start(engine, { host: { Memory: 64 * MIB, MemoryReservation: 32 * MIB } });
      assert.equal(limitOf(id, 'memory', 'memory.limit_in_bytes', 'memory.max'), String(64 * MIB));
      assert.equal(limitOf(id, 'memory', 'memory.soft_limit_in_bytes', 'memory.low'), String(32 * MIB));
      await remove(engine, id);
    });

    test('what fills /dev/shm counts too, and its size is limited', async () => {
      const outcome = await runToEnd(
        engine,
        ['sh', '-c', 'dd if=/dev/zero of=/dev/shm/file bs=64k 2>&1; stat -c %s /dev/shm/file'],
        {
          host: { ShmSize: 2 * MIB },
        },
      );
      assert.match(outcome.stdout, /No space left on device/);
      assert.equal(outcome.stdout.trimEnd().split('\n').at(-1), String(2 * MIB));
    });
  });

  suite('processes', () => {
    test('no more can be made than are allowed, and the container lives on', async () => {
      // The init takes what the failed shell leaves behind, so that there is room again.
      const id = await start(engine, { host: { PidsLimit: 10, Init: true } });
      const path = join('/', engine.identity.cgroupParent, id);
      assert.equal(limitOf(id, 'pids', 'pids.max'), '10');
      const script = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 0.2 & done; wait';
      const outcome = await exec(engine, id, ['sh', '-c', script]);
      assert.match(outcome.stderr, /fork|Resource temporarily unavailable/);
      while (Number(readCgroupFile('pids', path, 'pids.current')) > 2) await sleep(20);
      assert.equal(await execScript(engine, id, 'echo still here'), 'still here');
      await remove(engine, id);
    });

    test('a fork bomb ends with its container', async () => {
      const id = await start(engine, {
        cmd: ['sh', '-c', 'bomb() { bomb | bomb & }; bomb; sleep 600'],
        host: { PidsLimit: 64 },
      });
      await sleep(200);
      const before = Date.now();
      await remove(engine, id);
      assert.ok(Date.now() - before < 10_000);
      assert.deepEqual(cgroupFolders(join('/', engine.identity.cgroupParent, id)), []);
    });
  });

  suite('processor', () => {
    test('a container gets no more time than its share', async () => {
      // Two loops on a quarter of one processor.
      const id = await start(engine, {
        cmd: ['sh', '-c', 'while :; do :; done & while :; do :; done'],
        host: { NanoCpus: 250_000_000 },
      });
      const path = join('/', engine.identity.cgroupParent, id);
      await sleep(300);
      const [from, used] = [performance.now(), usedSeconds(path)];
      await sleep(2000);
      const [elapsed, more] = [(performance.now() - from) / 1000, usedSeconds(path) - used];
      assert.ok(more / elapsed < 0.3, `${more.toFixed(2)} s of ${elapsed.toFixed(2)} s`);
      assert.ok(throttled(path) > 5, 'the kernel has held it back');
      await remove(engine, id);
    });

    test('quota, period and shares are those that were asked for', async () => {
      const id = await start(engine, { host: { CpuQuota: 50_000, CpuPeriod: 200_000, CpuShares: 512 } });
      const path = join('/', engine.identity.cgroupParent, id);
      if (cgroupVersion() === 2) {
        assert.equal(readCgroupFile('cpu', path, 'cpu.max'), '50000 200000');
        // The kernel's weights go from 1 to 10000; see cgroup-v2.txt.
        assert.equal(readCgroupFile('cpu', path, 'cpu.weight'), '20');
      } else {
        assert.equal(readCgroupFile('cpu', path, 'cpu.cfs_quota_us'), '50000');
        assert.equal(readCgroupFile('cpu', path, 'cpu.cfs_period_us'), '200000');
        assert.equal(readCgroupFile('cpu', path, 'cpu.shares'), '512');
      }
      await remove(engine, id);
    });

    test('processors can be chosen', async () => {
      const id = await start(engine, { host: { CpusetCpus: '0' } });
      assert.equal(limitOf(id, 'cpuset', 'cpuset.cpus'), '0');
      assert.match(await execScript(engine, id, 'grep Cpus_allowed_list /proc/1/status'), /:\s+0$/);
      await remove(engine, id);
    });
  });

  test('impossible limits are refused, with nothing left behind', async () => {
    const wrong = [
      ...[{ Memory: MIB }, { MemorySwap: 64 * MIB }, { NanoCpus: 1e15 }, { CpuPeriod: 1 }],
      ...[{ CpusetCpus: 'all' }, { CpusetCpus: '0-4000' }, { CpusetMems: '77' }, { CpusetCpus: '1-0' }],
    ];
    for (const host of wrong) {
      const answer = await engine.request('POST', '/containers/create', {
        body: { Image: 'busybox', Cmd: ['true'], HostConfig: host },
      });
      assert.equal(answer.status, 400, `${JSON.stringify(host)}: ${answer.text}`);
    }
    const list = await engine.request('GET', '/containers/json?all=1');
    assert.deepEqual(list.json(), []);
  });
});

/** Processor time that a cgroup has used, in seconds. */
function usedSeconds(path: string): number {
  const microseconds = readCgroupKey('cpu', path, 'cpu.stat', 'usage_usec');
  if (microseconds !== undefined) return microseconds / 1e6;
  return Number(readCgroupFile('cpuacct', path, 'cpuacct.usage')) / 1e9;
}

/** How often a cgroup had used up its share and had to wait. */
function throttled(path: string): number {
  return readCgroupKey('cpu', path, 'cpu.stat', 'nr_throttled') ?? 0;
}
