import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { kernelFeatures } from '../../src/engine/system/kernel.ts';
import { cgroupVersion, readCgroupFile, removeCgroup } from '../../src/linux/index.ts';
import { needs, proves, type Result, startEngine, succeed, type TestEngine } from '../harness/index.ts';

const V1 = cgroupVersion() === 1;
const MIB = 1024 * 1024;
/** A block device of the machine. */
const DISK = readdirSync('/sys/block')
  .map((name) => `/dev/${name}`)
  .find((path) => existsSync(path) && !/(loop|ram|sr|fd)\d/.test(path));

suite('limits by the official client', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());

  /** A container that sleeps. */
  const sleeper = async (...flags: string[]): Promise<{ id: string; warnings: string }> => {
    const args = ['run', '-d', '--network', 'none', ...flags, 'busybox', 'sleep', '600'];
    const result = await engine.docker(...args);
    assert.equal(result.code, 0, result.stderr);
    return { id: result.stdout.trim(), warnings: result.stderr };
  };
  const remove = (id: string): Promise<string> => succeed(engine.docker('rm', '-f', id));
  const inspect = (id: string, field: string): Promise<string> =>
    succeed(engine.docker('inspect', '-f', `{{json .HostConfig.${field}}}`, id));
  const refusal = async (...flags: string[]): Promise<string> => {
    const result: Result = await engine.docker('create', ...flags, 'busybox', 'true');
    assert.notEqual(result.code, 0, flags.join(' '));
    return result.stderr;
  };
  /** A file of the container's cgroup, by its names on v1 and v2. */
  const limit = (
    id: string,
    controller: string,
    v1: string,
    v2: string,
    parent?: string,
  ): string | undefined =>
    readCgroupFile(controller, join('/', parent ?? engine.identity.cgroupParent, id), V1 ? v1 : v2);

  test('memory: limit, reservation, swap', async () => {
    proves('run --memory', 'run --memory-reservation', 'run --memory-swap');
    const { id } = await sleeper('-m', '64m', '--memory-reservation', '32m', '--memory-swap', '96m');
    assert.equal(limit(id, 'memory', 'memory.limit_in_bytes', 'memory.max'), String(64 * MIB));
    assert.equal(limit(id, 'memory', 'memory.soft_limit_in_bytes', 'memory.low'), String(32 * MIB));
    const swap = String((V1 ? 96 : 32) * MIB);
    assert.equal(limit(id, 'memory', 'memory.memsw.limit_in_bytes', 'memory.swap.max'), swap);
    await remove(id);
  });

  test('memory: swappiness and the OOM killer, or a warning where the kernel has no say in them', async () => {
    proves('run --memory-swappiness', 'run --oom-kill-disable');
    const { id, warnings } = await sleeper('-m', '64m', '--memory-swappiness', '7', '--oom-kill-disable');
    if (V1) {
      assert.equal(limit(id, 'memory', 'memory.swappiness', ''), '7');
      assert.match(limit(id, 'memory', 'memory.oom_control', '')!, /^oom_kill_disable 1$/m);
      assert.equal(warnings, '');
    } else {
      assert.match(
        warnings,
        /WARNING: Your kernel does not support memory swappiness.* swappiness discarded\./,
      );
      assert.match(
        warnings,
        /WARNING: Your kernel does not support OomKillDisable\. OomKillDisable discarded\./,
      );
    }
    await remove(id);
    const unlimited = await sleeper('--oom-kill-disable');
    assert.match(unlimited.warnings, /WARNING: (OOM killer is disabled|.*OomKillDisable discarded)/);
    await remove(unlimited.id);
  });

  test('the score by which the kernel chooses whom to kill; never below what the engine may give', async () => {
    proves('run --oom-score-adj');
    const score = async (wanted: number): Promise<{ score: string; warnings: string }> => {
      const { id, warnings } = await sleeper('--oom-score-adj', String(wanted));
      const score = await succeed(engine.docker('exec', id, 'cat', '/proc/1/oom_score_adj'));
      await remove(id);
      return { score, warnings };
    };
    assert.deepEqual(await score(500), { score: '500', warnings: '' });
    const low = await score(-500);
    assert.ok(low.score === '-500' || /WARNING: OOM score raised to/.test(low.warnings), low.score);
    assert.match(await refusal('--oom-score-adj', '2000'), /range for oom score adj is \[-1000, 1000\]/);
  });

  test('processes', async () => {
    proves('run --pids-limit');
    const { id } = await sleeper('--pids-limit', '17');
    assert.equal(limit(id, 'pids', 'pids.max', 'pids.max'), '17');
    await remove(id);
  });

  test('processors: shares, quota, period, number', async () => {
    proves('run --cpu-shares', 'run --cpu-quota', 'run --cpu-period', 'run --cpus');
    const { id } = await sleeper('-c', '512', '--cpu-quota', '50000', '--cpu-period', '200000');
    assert.equal(limit(id, 'cpu', 'cpu.shares', 'cpu.weight'), V1 ? '512' : '20');
    assert.equal(limit(id, 'cpu', 'cpu.cfs_quota_us', 'cpu.max'), V1 ? '50000' : '50000 200000');
    await remove(id);
    const half = await sleeper('--cpus', '0.5');
    assert.equal(limit(half.id, 'cpu', 'cpu.cfs_quota_us', 'cpu.max'), V1 ? '50000' : '50000 100000');
    await remove(half.id);
  });

  test('processors and memory nodes by number', async () => {
    proves('run --cpuset-cpus', 'run --cpuset-mems');
    const { id } = await sleeper('--cpuset-cpus', '0', '--cpuset-mems', '0');
    assert.equal(limit(id, 'cpuset', 'cpuset.cpus', 'cpuset.cpus'), '0');
    assert.equal(limit(id, 'cpuset', 'cpuset.mems', 'cpuset.mems'), '0');
    await remove(id);
    assert.match(await refusal('--cpuset-cpus', '4000'), /Requested CPUs are not available/);
  });

  test('real-time processor time, where the kernel gives any', async () => {
    proves(
      'run --cpu-rt-period',
      'run --cpu-rt-runtime',
      'update --cpu-rt-period',
      'update --cpu-rt-runtime',
    );
    const flags = ['--cpu-rt-period', '500000', '--cpu-rt-runtime', '2000'];
    if (!kernelFeatures().cpuRealtime) {
      assert.match(await refusal(...flags), /kernel does not support CPU real-time scheduler/);
      const { id } = await sleeper();
      const result = await engine.docker('update', ...flags, id);
      assert.match(result.stderr, /kernel does not support CPU real-time scheduler/);
      await remove(id);
      return;
    }
    const { id } = await sleeper(...flags);
    assert.equal(limit(id, 'cpu', 'cpu.rt_period_us', ''), '500000');
    assert.equal(limit(id, 'cpu', 'cpu.rt_runtime_us', ''), '2000');
    const more = ['--cpu-rt-period', '500000', '--cpu-rt-runtime', '4000'];
    await succeed(engine.docker('update', ...more, id));
    assert.equal(limit(id, 'cpu', 'cpu.rt_runtime_us', ''), '4000');
    await remove(id);
    assert.match(
      await refusal('--cpu-rt-period', '1000', '--cpu-rt-runtime', '2000'),
      /cpu real-time runtime cannot be higher than cpu real-time period/,
    );
  });

  test('block devices: weights, or a warning where the kernel has none', async () => {
    proves('run --blkio-weight', 'run --blkio-weight-device', 'update --blkio-weight');
    const { id, warnings } = await sleeper('--blkio-weight', '300', '--blkio-weight-device', `${DISK}:400`);
    const weight = () =>
      ['blkio.bfq.weight', 'blkio.weight', 'io.bfq.weight', 'io.weight']
        .map((file) => limit(id, 'blkio', file, file))
        .find((text) => text !== undefined);
    if (weight() === undefined) {
      assert.match(warnings, /WARNING: Your kernel does not support Block I\/O weight .* Weight discarded\./);
      assert.match(warnings, /WARNING: .* Block I\/O weight_device .* Weight-device discarded\./);
    } else if (V1) {
      assert.match(weight()!, /\b300$/);
      await succeed(engine.docker('update', '--blkio-weight', '500', id));
      assert.match(weight()!, /\b500$/);
    }
    if (!V1 && limit(id, 'io', '', 'io.weight') === undefined) {
      assert.match(warnings, /WARNING: .* Block I\/O weight_device .* Weight-device discarded\./);
    }
    assert.match(await refusal('--blkio-weight', '5'), /Range of blkio weight is from 10 to 1000/);
    const update = await engine.docker('update', '--blkio-weight', '500', id);
    assert.equal(update.code, 0, update.stderr);
    await remove(id);
  });

  test('block devices: bytes and operations a second', async () => {
    proves(
      'run --device-read-bps',
      'run --device-write-bps',
      'run --device-read-iops',
      'run --device-write-iops',
    );
    const bps = ['--device-read-bps', `${DISK}:1mb`, '--device-write-bps', `${DISK}:2mb`];
    const iops = ['--device-read-iops', `${DISK}:100`, '--device-write-iops', `${DISK}:200`];
    const { id } = await sleeper(...bps, ...iops);
    if (V1) {
      const throttle = (name: string) =>
        limit(id, 'blkio', `blkio.throttle.${name}_device`, '')?.split(' ')[1];
      assert.deepEqual(['read_bps', 'write_bps', 'read_iops', 'write_iops'].map(throttle), [
        String(MIB),
        String(2 * MIB),
        '100',
        '200',
      ]);
    } else {
      assert.match(limit(id, 'io', '', 'io.max')!, /rbps=1048576 wbps=2097152 riops=100 wiops=200/);
    }
    await remove(id);
  });

  test('a parent cgroup of the user’s choice', async () => {
    proves('run --cgroup-parent');
    const parent = `${engine.identity.cgroupParent}/chosen`;
    const { id } = await sleeper('--cgroup-parent', parent, '--pids-limit', '5');
    assert.equal(limit(id, 'pids', 'pids.max', 'pids.max', parent), '5');
    const pid = await succeed(engine.docker('inspect', '-f', '{{.State.Pid}}', id));
    assert.ok(readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`${parent}/${id}`));
    await remove(id);
    assert.equal(limit(id, 'pids', 'pids.max', 'pids.max', parent), undefined);
    // The parent is the user's own, and stays.
    assert.ok(removeCgroup(join('/', parent)));
  });

  test('rules for devices', async () => {
    proves('run --device-cgroup-rule');
    const { id } = await sleeper('--device-cgroup-rule', 'c 10:200 rw');
    const open = 'mknod /tun c 10 200 && dd if=/tun of=/dev/null count=0 2>&1; mknod /kmsg c 1 11; cat /kmsg';
    const { stdout, stderr } = await engine.docker('exec', id, 'sh', '-c', open);
    // There may be no such device; what counts is that the cgroup lets it through, and nothing else.
    assert.doesNotMatch(stdout, /not permitted/);
    assert.match(stderr, /\/kmsg.*not permitted/);
    await remove(id);
  });

  test('a limit above the engine’s own is lowered, and the client is told', async () => {
    const capabilities = BigInt(`0x${/CapEff:\s*(\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]}`);
    const mayRaise = ((capabilities >> 24n) & 1n) === 1n;
    const { id, warnings } = await sleeper('--ulimit', 'memlock=-1:-1');
    const own = Number(
      /^Max locked memory\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1],
    );
    if (mayRaise || Number.isNaN(own)) assert.equal(warnings, '');
    else assert.match(warnings, /WARNING: ulimit memlock lowered to \d+/);
    await remove(id);
  });

  test('what the kernel or the client has given up is taken and left alone', async () => {
    proves('run --kernel-memory', 'run --disable-content-trust');
    const { id, warnings } = await sleeper('--kernel-memory', '64m', '--disable-content-trust');
    assert.equal(warnings, '');
    await remove(id);
  });

  test('update changes all of them', async () => {
    proves(
      'update --cpu-period',
      'update --cpu-quota',
      'update --cpu-shares',
      'update --cpuset-cpus',
      'update --cpuset-mems',
      'update --memory-reservation',
      'update --cpus',
    );
    const { id } = await sleeper('-m', '64m');
    const cpu = ['--cpu-period', '200000', '--cpu-quota', '50000', '--cpu-shares', '512'];
    const sets = ['--cpuset-cpus', '0', '--cpuset-mems', '0', '--memory-reservation', '16m'];
    await succeed(engine.docker('update', ...cpu, ...sets, id));
    assert.equal(limit(id, 'cpu', 'cpu.cfs_quota_us', 'cpu.max'), V1 ? '50000' : '50000 200000');
    assert.equal(limit(id, 'cpu', 'cpu.shares', 'cpu.weight'), V1 ? '512' : '20');
    assert.equal(limit(id, 'cpuset', 'cpuset.cpus', 'cpuset.cpus'), '0');
    assert.equal(limit(id, 'memory', 'memory.soft_limit_in_bytes', 'memory.low'), String(16 * MIB));
    assert.equal(await inspect(id, 'CpusetMems'), '"0"');
    await remove(id);
    const other = await sleeper();
    await succeed(engine.docker('update', '--cpus', '1.5', other.id));
    assert.equal(await inspect(other.id, 'NanoCpus'), '1500000000');
    assert.equal(limit(other.id, 'cpu', 'cpu.cfs_quota_us', 'cpu.max'), V1 ? '150000' : '150000 100000');
    await remove(other.id);
  });
});
