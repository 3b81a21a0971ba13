import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupStats, cgroupVersion, controllerFolder, removeCgroup } from '../../src/linux/index.ts';
import { needs } from '../harness/index.ts';

const MIB = 1024 * 1024;

suite('cgroupStats', needs('root'), () => {
  test('tells what the processes of a cgroup use, and the limits', async () => {
    const path = `/berth-test-${randomBytes(4).toString('hex')}`;
    const folders = ['cpu', 'cpuacct', 'memory', 'pids', 'blkio'].map((name) => controllerFolder(name, path));
    if (cgroupVersion() === 2) {
      writeFileSync(join(controllerFolder('cpu', '/'), 'cgroup.subtree_control'), '+cpu +memory +pids +io');
    }
    for (const folder of folders) mkdirSync(folder, { recursive: true });
    const put = (controller: string, file: string, value: number) =>
      writeFileSync(join(controllerFolder(controller, path), file), String(value));
    put('memory', cgroupVersion() === 1 ? 'memory.limit_in_bytes' : 'memory.max', 64 * MIB);
    put('pids', 'pids.max', 10);
    // Until it reads a line, it does nothing and has only the memory that its first cgroup pays for.
    const shell = spawn('sh', ['-c', 'read line; exec sh -c "while :; do :; done"'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    try {
      for (const folder of folders) writeFileSync(join(folder, 'cgroup.procs'), String(shell.pid));
      const before = cgroupStats(path)!;
      shell.stdin.write('go\n');
      await sleep(500);
      const after = cgroupStats(path)!;
      assert.deepEqual(after.pids, { current: 1, limit: 10 });
      assert.equal(after.memory.limit, 64 * MIB);
      assert.ok(after.memory.usage > 0 && after.memory.usage < 64 * MIB, `${after.memory.usage} bytes`);
      assert.ok((after.memory.stats[cgroupVersion() === 1 ? 'total_rss' : 'anon'] ?? -1) >= 0);
      const used = after.cpu.total - before.cpu.total;
      assert.ok(used > 5e7 && used < 5e9, `${used} ns`);
      const [parts, total] = [after.cpu.user + after.cpu.kernel, after.cpu.total];
      // v1 counts user and kernel time in ticks of 10 ms, each given to whoever runs just then.
      assert.ok(Math.abs(parts - total) < total / 2 + 5e7, `${parts} ns of ${total}`);
      assert.equal(after.cpu.perCpu !== undefined, cgroupVersion() === 1);
    } finally {
      shell.kill('SIGKILL');
      await once(shell, 'exit');
      for (let tries = 0; !removeCgroup(path) && tries < 100; tries++) await sleep(10);
    }
    assert.equal(cgroupStats(path), undefined);
  });

  test('gives nothing for a cgroup that is not there', () => {
    assert.equal(cgroupStats('/berth-test-no-such-cgroup'), undefined);
  });
});
