import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { cgroupVersion, readCgroupFile } from '../../src/linux/index.ts';
import { needs, proves, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { create, eventually, expectStatus, inspect, remove, start } from './support.ts';

const MIB = 1024 * 1024;

interface Limits {
  readonly Memory: number;
  readonly MemorySwap: number;
  readonly NanoCpus: number;
  readonly PidsLimit: number | null;
  readonly RestartPolicy: { readonly Name: string; readonly MaximumRetryCount: number };
}

suite('update', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());

  async function limits(id: string): Promise<Limits> {
    return ((await inspect(engine, id)) as unknown as { HostConfig: Limits }).HostConfig;
  }

  /** A file of the container's cgroup, by its name on v1 or on v2. */
  function inForce(id: string, controller: string, v1: string, v2: string): string | undefined {
    const path = join('/', engine.identity.cgroupParent, id);
    return readCgroupFile(controller, path, cgroupVersion() === 1 ? v1 : v2);
  }

  function memoryInForce(id: string): string | undefined {
    return inForce(id, 'memory', 'memory.limit_in_bytes', 'memory.max');
  }

  for (const client of ['docker', 'berth'] as const) {
    test(`${client}: limits of a running container change at once, and are there after a new start`, async () => {
      const id = await start(engine, { name: 'tight' });
      const flags = ['-m', '64m', '--memory-swap', '128m', '--cpus', '0.5', '--pids-limit', '20'];
      const said = await succeed(engine.client(client, ['update', ...flags, '--restart', 'always', 'tight']));
      assert.equal(said, 'tight');
      for (const again of [false, true]) {
        if (again) expectStatus(await engine.request('POST', '/containers/tight/restart?t=0'), 204);
        assert.equal(memoryInForce(id), String(64 * MIB));
        assert.equal(inForce(id, 'pids', 'pids.max', 'pids.max'), '20');
        const quota = inForce(id, 'cpu', 'cpu.cfs_quota_us', 'cpu.max');
        assert.equal(quota, cgroupVersion() === 1 ? '50000' : '50000 100000');
        const swap = inForce(id, 'memory', 'memory.memsw.limit_in_bytes', 'memory.swap.max');
        assert.equal(swap, String((cgroupVersion() === 1 ? 128 : 64) * MIB));
      }
      const { Memory, MemorySwap, NanoCpus, PidsLimit, RestartPolicy } = await limits(id);
      assert.deepEqual([Memory, MemorySwap, NanoCpus, PidsLimit], [64 * MIB, 128 * MIB, 5e8, 20]);
      assert.deepEqual(RestartPolicy, { Name: 'always', MaximumRetryCount: 0 });
      await remove(engine, id);
    });
  }

  test('memory can be raised and lowered together with swap, and processes be unlimited again', async () => {
    proves('update', 'update --memory', 'update --memory-swap', 'update --pids-limit');
    const id = await start(engine, { host: { Memory: 32 * MIB, PidsLimit: 20 } });
    for (const [memory, swap] of [
      ['200m', '300m'],
      ['16m', '16m'],
      ['64m', '-1'],
    ] as const) {
      await succeed(engine.docker('update', '-m', memory, '--memory-swap', swap, '--pids-limit', '-1', id));
      assert.equal(memoryInForce(id), String(Number.parseInt(memory, 10) * MIB));
    }
    assert.equal(inForce(id, 'pids', 'pids.max', 'pids.max'), 'max');
    assert.equal((await limits(id)).PidsLimit, null);
    await remove(engine, id);
  });

  test('a stopped container has its new limits from its next start, also after an engine was killed', async () => {
    const id = await create(engine);
    await succeed(engine.docker('update', '-m', '32m', '--memory-swap', '32m', id));
    await engine.kill9();
    await engine.start();
    assert.equal((await limits(id)).Memory, 32 * MIB);
    expectStatus(await engine.request('POST', `/containers/${id}/start`), 204);
    assert.equal(memoryInForce(id), String(32 * MIB));
    await remove(engine, id);
  });

  test('a restart policy takes effect for the run that is under way', async () => {
    proves('update --restart');
    const id = await start(engine, {
      cmd: ['sh', '-c', '[ -e /again ] && sleep 600; touch /again; sleep 0.5'],
    });
    await succeed(engine.docker('update', '--restart', 'on-failure:3', id));
    await succeed(engine.docker('update', '--restart', 'always', id));
    await eventually('a second run', async () => {
      const { RestartCount, State } = (await inspect(engine, id)) as unknown as {
        RestartCount: number;
        State: { Running: boolean };
      };
      return RestartCount === 1 && State.Running;
    });
    await remove(engine, id);
  });

  test('an update is an event', async () => {
    proves('update --cpu-shares');
    const since = Date.now() / 1000 - 1;
    const id = await create(engine, { name: 'told' });
    await succeed(engine.docker('update', '--cpu-shares', '512', 'told'));
    const filters = encodeURIComponent(JSON.stringify({ container: [id], event: ['update'] }));
    const until = Date.now() / 1000;
    const events = await engine.request('GET', `/events?since=${since}&until=${until}&filters=${filters}`);
    const { Action, Actor } = JSON.parse(events.text) as { Action: string; Actor: { Attributes: object } };
    assert.equal(Action, 'update');
    assert.deepEqual(Actor.Attributes, { image: 'busybox', name: 'told' });
    await remove(engine, id);
  });

  const refused: ReadonlyArray<readonly [what: string, status: number, host: object, body: object]> = [
    ['less than the least memory', 400, {}, { Memory: MIB, MemorySwap: MIB }],
    ['more processors than there are', 400, {}, { NanoCpus: 4096e9 }],
    ['an unknown policy', 400, {}, { RestartPolicy: { Name: 'sometimes' } }],
    ['processors that are not there', 400, {}, { CpusetCpus: '4000' }],
    ['memory above the swap limit in force', 409, {}, { Memory: 64 * MIB }],
    ['a quota beside --cpus', 409, { NanoCpus: 5e8 }, { CpuQuota: 50_000 }],
    ['--cpus beside a period', 409, { CpuPeriod: 50_000 }, { NanoCpus: 5e8 }],
    ['a policy for a container that goes', 409, { AutoRemove: true }, { RestartPolicy: { Name: 'always' } }],
  ];
  for (const [what, status, host, body] of refused) {
    test(`${status}: ${what}; nothing changes`, async () => {
      const id = await start(engine, { host });
      const before = await limits(id);
      expectStatus(await engine.request('POST', `/containers/${id}/update`, { body }), status);
      assert.deepEqual(await limits(id), before);
      await remove(engine, id);
    });
  }

  test('404: a missing container', async () => {
    proves('POST /containers/{id}/update');
    expectStatus(await engine.request('POST', '/containers/no-such/update', { body: {} }), 404);
  });
});
