import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Result, run, succeed } from '../harness/index.ts';

// The engine as the service of scripts/berth.service, in the virtual machine of scripts/check-cgroup-v2 and nowhere else:
// it takes the machine's own folders, bridge and cgroup.

const checkout = resolve(import.meta.dirname, '../..');
const unit = '/etc/systemd/system/berth.service';
const cgroups = '/sys/fs/cgroup';
const host = 'unix:///run/berth/berth.sock';
/** Everything is some fifty times slower than on the processor itself. */
const timeout = 300_000;

const tool = (program: string, ...args: string[]): Promise<string> =>
  succeed(run(program, args, { timeout }));
const systemctl = (...args: string[]): Promise<string> => tool('systemctl', ...args);
const property = (name: string): Promise<string> => systemctl('show', 'berth', '--value', '--property', name);
const tryDocker = (...args: string[]): Promise<Result> => run('docker', ['-H', host, ...args], { timeout });
const docker = (...args: string[]): Promise<string> => succeed(tryDocker(...args));
const state = async (name: string, field: string): Promise<string> =>
  docker('inspect', '--format', `{{.State.${field}}}`, name);
const read = (path: string): string => readFileSync(path, 'utf8').trim();
const words = (path: string): string[] => read(path).split(/\s+/);
const cgroupOf = (pid: string): string => read(`/proc/${pid}/cgroup`);

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + timeout; !(await holds()); await sleep(200)) {
    assert.ok(Date.now() < end, `never: ${what}`);
  }
}

/** A container that counts the seconds and ends with 9 when it is told to stop. */
async function startCounter(name: string, ...flags: string[]): Promise<string> {
  const text = 'trap "exit 9" TERM; i=0; while :; do i=$((i+1)); echo $i; sleep 1; done';
  return docker('run', '--detach', '--name', name, ...flags, 'busybox', 'sh', '-c', text);
}

suite('the service', { skip: process.env['BERTH_VM'] !== '1' && 'needs the virtual machine' }, () => {
  before(async () => {
    const text = readFileSync(join(checkout, 'scripts/berth.service'), 'utf8');
    writeFileSync(unit, text.replace('/opt/berth', checkout));
    await systemctl('daemon-reload');
    await systemctl('start', 'berth');
    await docker('load', '--input', join(checkout, 'build/images/busybox.tar'));
  });
  after(async () => {
    console.log(
      await tool('journalctl', '--unit', 'berth', '--no-pager', '--output', 'cat', '--lines', '60'),
    );
    await systemctl('stop', 'berth');
    rmSync(unit);
  });

  test('systemd hears when the engine is ready, and on what it listens', async () => {
    assert.equal(await property('ActiveState'), 'active');
    assert.match(await property('StatusText'), /^Listening on unix:\/\/\/run\/berth\/berth\.sock/);
    assert.equal(await property('Delegate'), 'yes');
  });

  test('the journal takes the logs of containers, with their attributes', async () => {
    const flags = ['--log-driver', 'journald', '--log-opt', 'labels=app.name', '--label', 'app.name=shop'];
    await docker('run', '--name', 'journal', ...flags, 'busybox', 'sh', '-c', 'echo out; echo err >&2');
    const entries = async (): Promise<Record<string, string>[]> => {
      const text = await tool('journalctl', '--output', 'json', '--no-pager', 'CONTAINER_NAME=journal');
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    };
    await until('both lines are in the journal', async () => (await entries()).length === 2);
    const fields = (await entries()).map((it) => [
      it['MESSAGE'],
      it['PRIORITY'],
      it['APP_NAME'],
      it['IMAGE_NAME'],
    ]);
    assert.deepEqual(fields.sort(), [
      ['err', '3', 'shop', 'busybox'],
      ['out', '6', 'shop', 'busybox'],
    ]);
    assert.equal(await docker('logs', 'journal'), 'out');
    await docker('rm', 'journal');
  });

  test('info tells of version 2 and has nothing to warn of', async () => {
    const info = JSON.parse(await docker('info', '--format', '{{json .}}'));
    assert.equal(info.CgroupVersion, '2');
    assert.deepEqual(info.Warnings ?? [], []);
    for (const name of ['MemoryLimit', 'SwapLimit', 'PidsLimit', 'CPUShares', 'CpuCfsQuota', 'CPUSet']) {
      assert.equal(info[name], true, name);
    }
  });

  test('limits become the files of the cgroup, also when systemd goes over the tree again', async () => {
    const limits =
      '--memory=64m --memory-reservation=32m --cpus=0.5 --cpuset-cpus=1 --cpu-shares=512 --pids-limit=50';
    const id = await startCounter('limited', ...limits.split(' '), '--blkio-weight=300');
    const expected = {
      'memory.max': '67108864',
      'memory.low': '33554432',
      'memory.swap.max': '67108864',
      'cpu.max': '50000 100000',
      'cpu.weight': '20',
      'cpuset.cpus': '1',
      'pids.max': '50',
      'io.weight': 'default 2930',
    };
    const check = (when: string): void => {
      for (const [file, value] of Object.entries(expected)) {
        assert.equal(read(join(cgroups, 'berth', id, file)), value, `${file} ${when}`);
      }
      for (const folder of [cgroups, join(cgroups, 'berth')]) {
        const enabled = words(join(folder, 'cgroup.subtree_control'));
        for (const name of ['cpu', 'cpuset', 'io', 'memory', 'pids']) assert.ok(enabled.includes(name), name);
      }
    };
    check('at first');
    await tool('systemd-run', '--wait', '--property', 'CPUWeight=50', '--property', 'MemoryMax=50M', 'true');
    await systemctl('daemon-reload');
    check('after a unit with limits has come and gone');
    await systemctl('daemon-reexec');
    check('after systemd has started anew');
    assert.equal(
      await docker('exec', 'limited', 'cat', '/proc/self/cgroup', '/sys/fs/cgroup/pids.max'),
      '0::/\n50',
    );
    assert.equal((await tryDocker('exec', 'limited', 'mkdir', '/sys/fs/cgroup/x')).code, 1);
    await docker('rm', '--force', 'limited');
    assert.ok(!existsSync(join(cgroups, 'berth', id)), 'the cgroup is gone');
  });

  test('engine and conmon are in the unit, the container beside it, with an OOM score of its own', async () => {
    const id = await startCounter('placed');
    const engine = await property('MainPID');
    const conmon = await tool('pgrep', '--full', `^/usr/bin/conmon .* -c ${id}`);
    const container = await state('placed', 'Pid');
    assert.equal(cgroupOf(engine), '0::/system.slice/berth.service');
    assert.equal(cgroupOf(conmon), '0::/system.slice/berth.service');
    assert.equal(cgroupOf(container), `0::/berth/${id}`);
    const exec = await docker('exec', 'placed', 'cat', '/proc/1/oom_score_adj', '/proc/self/oom_score_adj');
    assert.equal(read(`/proc/${engine}/oom_score_adj`), '-500');
    assert.equal(exec, '0\n0');
    await docker('rm', '--force', 'placed');
  });

  test('a container that is killed for want of memory is no failure of the unit', async () => {
    const hog = await tryDocker('run', '--name', 'hog', '--memory', '32m', 'busybox', 'tail', '/dev/zero');
    assert.equal(hog.code, 137, hog.stderr);
    assert.equal(await state('hog', 'OOMKilled'), 'true');
    await docker('rm', 'hog');
    assert.equal(await property('ActiveState'), 'active');
  });

  test('an exec for which a container has too few processes left says so', async () => {
    // crun itself takes the last one, and has none for the program.
    const text = 'for i in 1 2 3; do sleep 600 & done; wait';
    const id = await docker('run', '-d', '--name', 'full', '--pids-limit', '5', 'busybox', 'sh', '-c', text);
    await until('all four run', () => read(join(cgroups, 'berth', id, 'pids.current')) === '4');
    const refused = await tryDocker('exec', 'full', 'true');
    assert.notEqual(refused.code, 0);
    assert.match(refused.stdout + refused.stderr, /Resource temporarily unavailable/i);
    await docker('rm', '--force', 'full');
  });

  test("a container in the machine's cgroup namespace leaves the options of the machine's mount alone", async () => {
    const before = (await tool('findmnt', '-no', 'FS-OPTIONS', cgroups)).split(',');
    const inside = await docker('run', '--rm', '--cgroupns=host', 'busybox', 'cat', '/proc/self/cgroup');
    assert.match(inside, /^0::\/berth\/[0-9a-f]{64}$/);
    const after = (await tool('findmnt', '-no', 'FS-OPTIONS', cgroups)).split(',');
    assert.ok(before.includes('nsdelegate'), before.join());
    assert.deepEqual(after, before);
  });

  test('containers reach what the machine reaches, under its address', async () => {
    const peer = (...words: string[]) => tool('ip', 'netns', 'exec', 'peer', ...words);
    await tool('ip', 'netns', 'add', 'peer');
    await tool('ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'peer0', 'netns', 'peer');
    await tool('ip', 'address', 'add', '10.77.0.1/24', 'dev', 'up0');
    await tool('ip', 'link', 'set', 'up0', 'up');
    await peer('ip', 'address', 'add', '10.77.0.2/24', 'dev', 'peer0');
    await peer('ip', 'link', 'set', 'peer0', 'up');
    // The peer knows no way to the bridge's addresses: answers come because of the translation alone.
    await docker('run', '--rm', 'busybox', 'ping', '-c', '1', '-W', '10', '10.77.0.2');
    await tool('ip', 'netns', 'delete', 'peer');
    assert.equal(read('/proc/sys/net/ipv4/ip_forward'), '1');
  });

  suite('containers run on while the engine', () => {
    const ends: [name: string, end: () => Promise<unknown>][] = [
      ['is restarted', () => systemctl('restart', 'berth')],
      ['is stopped and started', () => systemctl('stop', 'berth').then(() => systemctl('start', 'berth'))],
      ['is killed, and systemd starts it again', killed],
    ];
    for (const [name, end] of ends) {
      test(name, async () => {
        await startCounter('runner');
        await docker('run', '--detach', '--name', 'short', 'busybox', 'sh', '-c', 'sleep 3; exit 5');
        const pid = await state('runner', 'Pid');
        const lines = Number(await docker('logs', '--tail', '1', 'runner'));
        await end();
        assert.equal(await property('ActiveState'), 'active');
        assert.equal(await state('runner', 'Pid'), pid);
        assert.ok(Number(await docker('logs', '--tail', '1', 'runner')) > lines, 'it has counted on');
        assert.equal(await docker('exec', 'runner', 'echo', 'still'), 'still');
        await docker('wait', 'short');
        assert.equal(await state('short', 'ExitCode'), '5');
        await docker('stop', 'runner');
        assert.equal(await state('runner', 'ExitCode'), '9');
        await docker('rm', 'runner', 'short');
      });
    }

    async function killed(): Promise<void> {
      const pid = await property('MainPID');
      await systemctl('kill', '--kill-who=main', '--signal=KILL', 'berth');
      await until('the engine is up again', async () => {
        const now = await property('MainPID');
        return now !== '0' && now !== pid && (await property('ActiveState')) === 'active';
      });
    }
  });

  test('nothing of the containers is left', async () => {
    assert.equal(await docker('ps', '--all', '--quiet'), '');
    const folders = readdirSync(join(cgroups, 'berth'), { withFileTypes: true });
    assert.deepEqual(
      folders.filter((it) => it.isDirectory()).map((it) => it.name),
      [],
    );
    assert.ok(!read('/proc/self/mountinfo').includes('/berth/containers/'));
    await until('no conmon is left', async () => (await run('pgrep', ['conmon'])).code === 1);
  });
});
