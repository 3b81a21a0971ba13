import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, suite, test } from 'node:test';
import { cgroupVersion } from '../../src/linux/index.ts';
import { needs, proves, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { create, eventually, execScript, expectStatus, remove, start } from './support.ts';

const MIB = 1024 * 1024;
const ZERO_TIME = '0001-01-01T00:00:00Z';

/** The parts of a stats object that the tests look at. */
interface StatsObject {
  readonly id: string;
  readonly name: string;
  readonly read: string;
  readonly preread: string;
  readonly pids_stats: { readonly current?: number; readonly limit?: number };
  readonly cpu_stats: CpuObject;
  readonly precpu_stats: CpuObject;
  readonly memory_stats: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: Record<string, number>;
  };
  readonly blkio_stats: Record<string, unknown>;
  readonly networks?: Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>;
}

interface CpuObject {
  readonly cpu_usage: {
    readonly total_usage: number;
    readonly usage_in_kernelmode: number;
    readonly usage_in_usermode: number;
    readonly percpu_usage?: readonly number[];
  };
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
  readonly throttling_data: { readonly periods: number };
}

suite('stats', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());

  async function stats(id: string, query: string): Promise<StatsObject> {
    const answer = expectStatus(await engine.request('GET', `/containers/${id}/stats?${query}`), 200);
    return answer.json() as StatsObject;
  }

  test('one sample tells of memory, processes, processors and limits', async () => {
    proves('GET /containers/{id}/stats');
    const id = await start(engine, {
      name: 'one-sample',
      cmd: ['sh', '-c', 'sleep 600 & sleep 600 & wait'],
      host: { Memory: 64 * MIB, PidsLimit: 30 },
    });
    await eventually('three processes', async () => {
      const { pids_stats } = await stats(id, 'stream=0&one-shot=1');
      return pids_stats.current === 3;
    });
    const sample = await stats(id, 'stream=0&one-shot=1');
    assert.deepEqual([sample.id, sample.name], [id, '/one-sample']);
    assert.ok(Math.abs(Date.parse(sample.read) - Date.now()) < 5000);
    assert.equal(sample.preread, ZERO_TIME);
    assert.equal(sample.precpu_stats.cpu_usage.total_usage, 0);
    assert.equal(sample.pids_stats.limit, 30);
    assert.equal(sample.memory_stats.limit, 64 * MIB);
    assert.ok(sample.memory_stats.usage! > 0 && sample.memory_stats.usage! < 64 * MIB);
    const anonymous = cgroupVersion() === 2 ? 'anon' : 'total_rss';
    assert.ok(sample.memory_stats.stats![anonymous]! > 0);
    const cpu = sample.cpu_stats;
    assert.ok(cpu.cpu_usage.total_usage > 0);
    assert.ok(cpu.system_cpu_usage! > cpu.cpu_usage.total_usage);
    assert.ok(cpu.online_cpus! > 0);
    assert.equal(Array.isArray(cpu.cpu_usage.percpu_usage), cgroupVersion() === 1);
    assert.ok('io_service_bytes_recursive' in sample.blkio_stats);
    assert.equal(sample.networks, undefined);
    await remove(engine, id);
  });

  test('two samples make the share of a processor that a container uses', async () => {
    const id = await start(engine, { cmd: ['sh', '-c', 'while :; do :; done'], host: { CpuQuota: 30_000 } });
    const { cpu_stats: now, precpu_stats: then, preread, read } = await stats(id, 'stream=0');
    const apart = Date.parse(read) - Date.parse(preread);
    assert.ok(apart > 400 && apart < 5000, `${apart} ms`);
    const used = now.cpu_usage.total_usage - then.cpu_usage.total_usage;
    const share = (used / (now.system_cpu_usage! - then.system_cpu_usage!)) * now.online_cpus!;
    assert.ok(share > 0.1 && share < 0.5, `${share} of a processor`);
    assert.ok(now.throttling_data.periods > 0);
    await remove(engine, id);
  });

  test('what goes over the network is counted by the interface of the container', async () => {
    const id = await start(engine, { host: { NetworkMode: 'bridge' } });
    const before = (await stats(id, 'stream=0&one-shot=1')).networks?.['eth0'];
    assert.ok(before !== undefined);
    await execScript(engine, id, `ping -c 2 -s 10000 ${engine.identity.bip.split('/')[0]}`);
    const after = (await stats(id, 'stream=0&one-shot=1')).networks!['eth0']!;
    assert.ok(after.tx_bytes - before.tx_bytes >= 20_000, `${after.tx_bytes} bytes sent`);
    assert.ok(after.rx_bytes - before.rx_bytes >= 20_000, `${after.rx_bytes} bytes received`);
    await remove(engine, id);
  });

  test('a stopped container has a zeroed object', async () => {
    const id = await create(engine);
    for (const query of ['stream=0', 'stream=0&one-shot=1']) {
      const sample = await stats(id, query);
      assert.equal(sample.id, id);
      assert.equal(sample.read, ZERO_TIME);
      assert.deepEqual(sample.memory_stats, {});
      assert.deepEqual(sample.pids_stats, {});
      assert.equal(sample.cpu_stats.cpu_usage.total_usage, 0);
    }
    await remove(engine, id);
  });

  test('the stream has an object each second, and ends with the container', async () => {
    const id = await start(engine);
    const samples: StatsObject[] = [];
    const stream = (await engine.dockerode.getContainer(id).stats({ stream: true })) as NodeJS.ReadableStream;
    let rest = '';
    stream.on('data', (chunk: Buffer) => {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      samples.push(...lines.map((line) => JSON.parse(line) as StatsObject));
    });
    const ended = once(stream, 'end');
    await eventually('three samples', () => samples.length >= 3);
    const [, second, third] = samples;
    assert.equal(third!.preread, second!.read);
    const apart = Date.parse(third!.read) - Date.parse(second!.read);
    assert.ok(apart > 500 && apart < 3000, `${apart} ms`);
    await remove(engine, id);
    await ended;
  });

  test('a stream and a single sample exclude each other; a missing container is not found', async () => {
    const id = await create(engine);
    expectStatus(await engine.request('GET', `/containers/${id}/stats?one-shot=1`), 400);
    expectStatus(await engine.request('GET', '/containers/no-such/stats'), 404);
    await remove(engine, id);
  });

  test('both clients show the same table', async () => {
    const id = await start(engine, { name: 'shown', host: { Memory: 64 * MIB } });
    const format = ['--format', '{{.ID}} {{.Name}} {{.PIDs}} {{.MemUsage}}'];
    for (const client of ['docker', 'berth'] as const) {
      const text = await succeed(engine.client(client, ['stats', '--no-stream', ...format, 'shown']));
      assert.match(text, new RegExp(`^${id.slice(0, 12)} shown 1 [\\d.]+[KM]iB / 64MiB$`), client);
      const table = await succeed(engine.client(client, ['stats', '--no-stream']));
      assert.match(
        table,
        /^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS/,
      );
      assert.match(table, /shown/);
    }
    await remove(engine, id);
  });

  test('docker stats follows containers at a terminal', async () => {
    proves('stats');
    const id = await start(engine, { name: 'followed' });
    await using terminal = engine.terminal('docker', ['stats'], { columns: 140 });
    await terminal.expect(/followed +\d+\.\d\d%/);
    await remove(engine, id);
  });
});
