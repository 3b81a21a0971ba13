import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { mount } from '../../src/linux/index.ts';
import { needs, run, startEngine, succeed } from './index.ts';

suite('leftovers', needs('root'), () => {
  test('an engine that has run nothing leaves nothing', async () => {
    const engine = await startEngine({ images: [] });
    assert.deepEqual(await engine.leftovers(), []);
    await engine[Symbol.asyncDispose]();
    assert.equal(existsSync(engine.identity.root), false);
  });

  test('what is left is named, fails the suite, and is taken away', async () => {
    const engine = await startEngine({ images: [] });
    const { dataRoot, bridge, cgroupParent } = engine.identity;
    const mountPoint = join(dataRoot, 'left');
    mkdirSync(mountPoint);
    mount('none', mountPoint, 'tmpfs');
    const folder = join(dataRoot, 'containers', 'left');
    mkdirSync(folder, { recursive: true });
    const cgroup = join(aHierarchy(), cgroupParent, 'left');
    mkdirSync(cgroup, { recursive: true });
    const child = spawn('sleep', ['20'], { stdio: 'ignore' });
    writeFileSync(join(cgroup, 'cgroup.procs'), String(child.pid));
    await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
    await succeed(run('ip', ['link', 'add', `${bridge}x`, 'master', bridge, 'type', 'veth']));

    await assert.rejects(engine[Symbol.asyncDispose](), ({ message }: Error) => {
      const lines = [
        `process ${child.pid}`,
        `mount ${mountPoint}`,
        `interface ${bridge}x`,
        `cgroup ${cgroup}`,
      ];
      for (const line of [...lines, `folder ${folder}`])
        assert.ok(message.includes(line), `${line} in ${message}`);
      return true;
    });
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    assert.equal(existsSync(mountPoint), false);
    assert.equal(existsSync(`/sys/class/net/${bridge}`), false);
    assert.equal(existsSync(`/sys/class/net/${bridge}x`), false);
    assert.equal(existsSync(cgroup), false);
  });
});

/** Where a cgroup can be made that holds processes: the pids hierarchy of v1, or all of v2. */
function aHierarchy(): string {
  const v1 = readFileSync('/proc/mounts', 'utf8').includes(' /sys/fs/cgroup/pids ');
  return v1 ? '/sys/fs/cgroup/pids' : '/sys/fs/cgroup';
}
