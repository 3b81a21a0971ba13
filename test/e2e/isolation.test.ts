import assert from 'node:assert/strict';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { pack } from 'tar-stream';
import { needs, startEngine, type TestEngine } from '../harness/index.ts';
import { exec, execScript, expectStatus, inspect, remove, runToEnd, script, start } from './support.ts';

const NAMESPACES = ['pid', 'mnt', 'ipc', 'uts', 'net', 'cgroup'];
/** Docker's default set, in capabilities(7)'s bits. */
const DEFAULT_CAPABILITIES = 0xa80425fbn;
const DEVICES = 'console core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero';
const SECRET = 'BERTH_TEST_SECRET';

suite('isolation', needs('root'), () => {
  let engine: TestEngine;
  let id: string;
  before(async () => {
    process.env[SECRET] = 'not-for-containers';
    engine = await startEngine();
    delete process.env[SECRET];
    id = await start(engine, { host: { NetworkMode: 'bridge' } });
  });
  after(() => engine[Symbol.asyncDispose]());

  suite('namespaces', () => {
    test('each is its own, apart from users and time', async () => {
      const links = (await execScript(engine, id, 'cd /proc/1/ns && for n in *; do readlink $n; done')).split(
        '\n',
      );
      for (const name of NAMESPACES) {
        const host = readlinkSync(`/proc/self/ns/${name}`);
        const own = links.find((link) => link.startsWith(`${name}:`));
        assert.ok(own !== undefined && own !== host, `${name}: ${own}, host ${host}`);
      }
    });

    test('no two containers share one, and neither has that of conmon', async () => {
      const other = await start(engine);
      const pids = await Promise.all([id, other].map(async (it) => (await inspect(engine, it)).State.Pid));
      for (const name of NAMESPACES) {
        const [one, two] = pids.map((pid) => readlinkSync(`/proc/${pid}/ns/${name}`));
        assert.notEqual(one, two, name);
        assert.notEqual(one, readlinkSync(`/proc/${conmonOf(engine, id)}/ns/${name}`), name);
      }
      await remove(engine, other);
    });

    test('an exec is in the same ones as its container', async () => {
      const own = await execScript(engine, id, 'for n in /proc/self/ns/*; do readlink $n; done');
      const first = await execScript(engine, id, 'for n in /proc/1/ns/*; do readlink $n; done');
      assert.equal(own, first);
    });

    test('those of the host are there for who asks for them', async () => {
      const modes = { PidMode: 'host', IpcMode: 'host', UTSMode: 'host', CgroupnsMode: 'host' };
      const links = await script(engine, 'for n in /proc/self/ns/*; do readlink $n; done', {
        host: { ...modes, NetworkMode: 'host' },
      });
      for (const name of NAMESPACES.filter((it) => it !== 'mnt')) {
        assert.ok(links.includes(readlinkSync(`/proc/self/ns/${name}`)), name);
      }
      assert.ok(!links.includes(readlinkSync('/proc/self/ns/mnt')));
    });
  });

  suite('processes', () => {
    test('the container sees its own and no other', async () => {
      const pids = await script(engine, 'cd /proc && echo [0-9]*');
      assert.equal(pids, '1');
      assert.equal(await execScript(engine, id, 'cat /proc/1/comm'), 'sleep');
    });

    test("a signal to a host's process ID reaches nobody", async () => {
      const { code } = await exec(engine, id, ['kill', '-0', String(process.pid)]);
      assert.equal(code, 1);
    });

    test('shared memory of the host is not there', async () => {
      const segments = await script(engine, 'cat /proc/sysvipc/shm | wc -l; ls -A /dev/shm /dev/mqueue');
      assert.equal(segments, '1\n/dev/mqueue:\n\n/dev/shm:');
    });

    test('descriptors of the engine are not handed on', async () => {
      assert.equal(
        await execScript(engine, id, 'echo /proc/1/fd/*'),
        '/proc/1/fd/0 /proc/1/fd/1 /proc/1/fd/2',
      );
      // The fourth is the folder that the shell is reading.
      assert.equal(await execScript(engine, id, 'ls /proc/self/fd'), '0\n1\n2\n3');
      assert.equal(await script(engine, 'ls /proc/self/fd'), '0\n1\n2\n3');
    });

    test('nor to conmon, which would keep them open when the engine has gone', () => {
      const held = openFiles(conmonOf(engine, id));
      const { socket, dataRoot } = engine.identity;
      for (const path of held) {
        assert.ok(!path.includes('berth.db') && path !== socket && !path.includes('/blobs/'), path);
      }
      const sockets = (pid: number) => openFiles(pid).filter((path) => path.startsWith('socket:'));
      const shared = sockets(conmonOf(engine, id)).filter((it) => sockets(engine.pid!).includes(it));
      assert.deepEqual(shared, []);
      assert.ok(
        held.some((path) => path.startsWith(`${dataRoot}/containers/${id}/`)),
        'its log is open',
      );
    });

    test("the engine's environment is not handed on", async () => {
      assert.ok(readFileSync(`/proc/${engine.pid}/environ`, 'utf8').includes(SECRET));
      assert.ok(!readFileSync(`/proc/${conmonOf(engine, id)}/environ`, 'utf8').includes(SECRET));
      const inside = await execScript(engine, id, 'tr "\\0" "\\n" < /proc/1/environ; env');
      assert.ok(!inside.includes(SECRET), inside);
      assert.deepEqual(await names(engine, ['env']), ['HOME', 'HOSTNAME', 'PATH']);
    });

    test('OOM score and limits are what a program expects', async () => {
      const text = await script(engine, 'cat /proc/self/oom_score_adj; ulimit -n; ulimit -c');
      const [score = '', files = '', core = ''] = text.split('\n');
      assert.equal(score, '0');
      assert.ok(files === 'unlimited' || Number(files) >= 1024, files);
      assert.ok(core === '0' || core === 'unlimited', core);
      const show = 'cat /proc/self/oom_score_adj; ulimit -n; ulimit -Hn';
      const host = { OomScoreAdj: 500, Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }] };
      assert.equal(await script(engine, show, { host }), '500\n100\n200');
      const limited = await start(engine, { host });
      assert.equal(await execScript(engine, limited, show), '500\n100\n200');
      await remove(engine, limited);
    });
  });

  suite('files', () => {
    test("the host's files are not there", async () => {
      const secret = join(engine.identity.root, 'host-secret');
      writeFileSync(secret, '');
      const found = await script(
        engine,
        `find / -xdev -name host-secret; find / -name berth.db; ls ${secret} 2>&1 || true`,
      );
      assert.equal(found, `ls: ${secret}: No such file or directory`);
    });

    test("what one container writes is not in another's, nor in the image", async () => {
      await execScript(engine, id, 'echo mine > /marker');
      assert.equal(await script(engine, 'find / -xdev -name marker'), '');
    });

    test("the host's mounts are not there, and no mount is shared", async () => {
      const [inside = '', host = ''] = [
        await execScript(engine, id, 'cat /proc/self/mountinfo'),
        readFileSync('/proc/self/mountinfo', 'utf8'),
      ];
      const points = inside.split('\n').map((line) => line.split(' ')[4] ?? '');
      const allowed = /^\/$|^\/(proc|sys|dev)(\/|$)|^\/etc\/(hosts|hostname|resolv\.conf)$/;
      assert.deepEqual(
        points.filter((point) => !allowed.test(point)),
        [],
      );
      assert.ok(!/ (shared|master|propagate_from):/.test(inside), inside);
      const ids = new Set(host.split('\n').map((line) => line.split(' ')[0]));
      assert.deepEqual(
        inside.split('\n').filter((line) => ids.has(line.split(' ')[0]!)),
        [],
      );
    });

    test('a mount that a privileged container makes does not reach the host', async () => {
      // Other tests mount things of their own at the same time.
      const ours = () => mountsOfHost().filter((line) => line.includes(engine.identity.root)).length;
      const before = ours();
      const other = await start(engine, { host: { Privileged: true } });
      await execScript(
        engine,
        other,
        'mkdir /inside && mount -t tmpfs none /inside && mount -t tmpfs none /etc',
      );
      const places = mountsOfHost().map((line) => line.split(' ')[4] ?? '');
      assert.deepEqual(
        places.filter((place) => place === '/etc' || place.endsWith('/inside')),
        [],
      );
      await remove(engine, other);
      assert.ok(ours() <= before);
    });

    test('kernel files that tell too much are masked, others are read-only', async () => {
      const text = await script(
        engine,
        `for f in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts; do [ -e $f ] && wc -c < $f; done
         for d in /sys/firmware /proc/acpi /proc/scsi; do [ -d $d ] && ls -A $d; done
         for f in /proc/sys/kernel/panic /proc/sysrq-trigger /proc/irq/default_smp_affinity /sys/kernel/mm/ksm/run; do
           [ -e $f ] && (echo 0 > $f) 2>&1
         done
         true`,
      );
      const lines = text.split('\n');
      const refused = lines.filter((line) => line.includes('Read-only file system'));
      assert.ok(refused.length >= 2, text);
      for (const line of lines) assert.ok(line === '0' || line.includes('Read-only file system'), text);
    });

    test('systempaths=unconfined takes the masks away', async () => {
      const inside = await script(engine, 'grep -c " /proc/" /proc/self/mountinfo || true', {
        host: { SecurityOpt: ['systempaths=unconfined'] },
      });
      assert.equal(inside, '0');
    });

    test('a read-only root can be written nowhere but in its temporary file systems', async () => {
      const text = await script(
        engine,
        '(echo > /file) 2>&1; (mkdir /etc/folder) 2>&1; echo > /dev/shm/file && echo > /run/file && echo done',
        { host: { ReadonlyRootfs: true, Tmpfs: { '/run': '' } } },
      );
      assert.match(
        text,
        /^sh: can't create \/file: Read-only file system\nmkdir: .*Read-only file system\ndone$/,
      );
    });

    test('cgroups cannot be changed from inside', async () => {
      const { code, stdout, stderr } = await runToEnd(engine, [
        'sh',
        '-c',
        `for d in $(grep -E ' - cgroup2? ' /proc/self/mountinfo | cut -d ' ' -f 5); do
           echo $d; mkdir $d/escape && exit 1; echo $$ > $d/cgroup.procs && exit 1
         done; exit 0`,
      ]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^\/sys\/fs\/cgroup/);
      assert.equal(await script(engine, 'grep -vc ":/$" /proc/self/cgroup || true'), '0');
    });

    test('nobody but root reaches the files of containers on the host', () => {
      const { dataRoot, execRoot } = engine.identity;
      const folders = [join(dataRoot, 'containers'), join(dataRoot, 'layers'), join(execRoot, 'bundles', id)];
      for (const folder of folders) assert.equal(statSync(folder).mode & 0o007, 0, folder);
    });

    suite('an image that would lead out', () => {
      const victim = '/tmp/berth-test-victim';
      before(() => mkdirSync(victim, { recursive: true }));
      after(() => rmSync(victim, { recursive: true, force: true }));

      for (const [what, folder] of [
        ['/etc', 'etc'],
        ['/dev', 'dev'],
        ['the working folder', 'work'],
      ] as const) {
        test(`through ${what} does not`, async () => {
          await importImage(engine, `hostile-${folder}`, { [folder]: `../../../../../..${victim}` });
          // Whether such a container starts is the runtime's business: what counts is that nothing gets out.
          const { code } = await runToEnd(engine, ['/bin/busybox', 'true'], {
            config: { Image: `hostile-${folder}`, WorkingDir: '/work/deep' },
          }).catch(() => ({ code: -1 }));
          assert.deepEqual(readdirSync(victim), [], `exit code ${code}`);
        });
      }
    });

    test('user databases that are no files hold nothing up', async () => {
      const other = await start(engine);
      await execScript(
        engine,
        other,
        'rm /etc/passwd && mkfifo /etc/passwd && rm /etc/group && mknod /etc/group c 10 130',
      );
      assert.equal(await execScript(engine, other, 'echo still here'), 'still here');
      await execScript(engine, other, 'rm /etc/passwd && ln -s /proc/1/root/etc/passwd /etc/passwd');
      assert.equal(await execScript(engine, other, 'echo still here'), 'still here');
      await remove(engine, other);
    });
  });

  suite('devices', () => {
    const [major, minor] = aDisk();
    const open = `mknod /tmp/disk b ${major} ${minor} && (dd if=/tmp/disk bs=512 count=1 of=/dev/null && echo opened) 2>&1 || true`;
    const withTmp = `mkdir -p /tmp && ${open}`;

    test('only the usual ones are there, and they work', async () => {
      const listed = await script(engine, 'ls /dev | tr "\\n" " "; ls /dev/pts');
      for (const name of listed.split(/\s+/).filter(Boolean)) {
        assert.ok(DEVICES.split(' ').includes(name), `${name} in ${listed}`);
      }
      const text = await script(
        engine,
        `echo x > /dev/null && head -c 4 /dev/zero | wc -c && head -c 4 /dev/urandom | wc -c && cat /dev/null &&
         (echo x > /dev/full) 2>&1 | grep -o 'No space.*'`,
      );
      assert.equal(text, '4\n4\nNo space left on device');
    });

    test("a device file of the host's disk can be made, but not opened", async () => {
      assert.match(await script(engine, withTmp), /Operation not permitted/);
    });

    test('a device that is given can be opened', async () => {
      const rule = await script(engine, withTmp, { host: { DeviceCgroupRules: [`b ${major}:${minor} r`] } });
      assert.match(rule, /opened/);
    });

    test('--device makes the file, with no more access than was given', async () => {
      const device = { PathOnHost: '/dev/full', PathInContainer: '/dev/brimful', CgroupPermissions: 'r' };
      const text = await script(engine, 'head -c 1 /dev/brimful | wc -c; [ -c /dev/brimful ] && echo there', {
        host: { Devices: [device] },
      });
      assert.equal(text, '1\nthere');
    });

    test('a privileged container has those of the host', async () => {
      const text = await script(engine, `${withTmp}; ls /dev`, { host: { Privileged: true } });
      assert.match(text, /opened/);
      const devices = readdirSync('/dev').filter((name) => statSync(join('/dev', name)).isBlockDevice());
      for (const name of devices) assert.ok(text.split('\n').includes(name), name);
    });
  });

  suite('network', () => {
    let server: Server;
    before(async () => {
      server = createServer((socket) => socket.end('reached\n'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });
    after(() => new Promise((resolve) => server.close(resolve)));

    const port = () => (server.address() as { port: number }).port;

    test('there are loopback and one interface, with an address of the bridge', async () => {
      const listed = await execScript(engine, id, 'ls /sys/class/net | tr "\\n" " "');
      assert.equal(listed.trim(), 'eth0 lo');
      const { IPAddress } = (await inspect(engine, id)).NetworkSettings.Networks.bridge;
      assert.ok(IPAddress.startsWith(engine.identity.bip.replace(/\d+\/24$/, '')), IPAddress);
    });

    test('without a network there is loopback alone', async () => {
      assert.equal(await script(engine, 'ls /sys/class/net; cat /proc/net/route | wc -l'), 'lo\n1');
    });

    test("the host's loopback is out of reach, unless the network is the host's", async () => {
      const reach = `nc -w 2 127.0.0.1 ${port()} < /dev/null 2>&1 || true`;
      assert.match(await execScript(engine, id, reach), /refused/);
      assert.equal(await script(engine, reach, { host: { NetworkMode: 'host' } }), 'reached');
    });

    test('neither addresses nor rules can be changed from inside', async () => {
      const { code, stderr } = await exec(engine, id, ['ip', 'link', 'set', 'eth0', 'down']);
      assert.notEqual(code, 0);
      assert.match(stderr, /not permitted/);
    });
  });

  suite('privileges', () => {
    test("capabilities are Docker's, as far as the engine has them", async () => {
      const expected = DEFAULT_CAPABILITIES & hostCapabilities();
      const sets = await capabilities(engine);
      assert.deepEqual(sets, {
        CapInh: 0n,
        CapPrm: expected,
        CapEff: expected,
        CapBnd: expected,
        CapAmb: 0n,
      });
    });

    test('another user than root has none in force, and cannot gain more than the container has', async () => {
      const sets = await capabilities(engine, { config: { User: '1000' } });
      assert.equal(sets['CapEff'], 0n);
      assert.equal(sets['CapBnd'], DEFAULT_CAPABILITIES & hostCapabilities());
    });

    test('they can be added and dropped', async () => {
      const none = await capabilities(engine, { host: { CapDrop: ['ALL'] } });
      assert.equal(none['CapBnd'], 0n);
      const one = await capabilities(engine, { host: { CapDrop: ['ALL'], CapAdd: ['NET_BIND_SERVICE'] } });
      assert.equal(one['CapEff'], 1n << 10n);
      const all = await capabilities(engine, { host: { CapAdd: ['ALL'] } });
      assert.equal(all['CapEff'], hostCapabilities());
    });

    test('a privileged container has all of them, and no filter of system calls', async () => {
      const sets = await capabilities(engine, { host: { Privileged: true } });
      assert.equal(sets['CapEff'], hostCapabilities());
      assert.equal(
        await script(engine, 'grep "^Seccomp:" /proc/self/status', { host: { Privileged: true } }),
        'Seccomp:\t0',
      );
    });

    test('an exec has the capabilities and the filter of its container', async () => {
      const lines = 'grep -E "^(Cap|Seccomp|NoNewPrivs)" /proc/$$/status';
      assert.equal(
        await execScript(engine, id, lines),
        await execScript(engine, id, lines.replace('$$', '1')),
      );
    });

    test('system calls that containers have no use for fail, unless unconfined', async () => {
      // A new user namespace is anybody's by the kernel's own rules.
      const call = ['sh', '-c', 'grep "^Seccomp:" /proc/self/status; unshare -U true'];
      const confined = await runToEnd(engine, call);
      assert.match(confined.stdout, /^Seccomp:\s2/);
      assert.notEqual(confined.code, 0);
      assert.match(confined.stderr, /not permitted/);
      const free = await runToEnd(engine, call, { host: { SecurityOpt: ['seccomp=unconfined'] } });
      assert.deepEqual([free.code, free.stdout], [0, 'Seccomp:\t0\n'], free.stderr);
    });

    test('a profile of the user takes the place of the default one', async () => {
      const profile = {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
      };
      const outcome = await runToEnd(engine, ['mkdir', '/folder'], {
        host: { SecurityOpt: [`seccomp=${JSON.stringify(profile)}`] },
      });
      assert.equal(outcome.code, 1);
      assert.match(outcome.stderr, /not permitted/);
    });

    test('no-new-privileges is passed on', async () => {
      const text = await script(engine, 'grep NoNewPrivs /proc/self/status', {
        host: { SecurityOpt: ['no-new-privileges'] },
      });
      assert.equal(text, 'NoNewPrivs:\t1');
    });
  });
});

function conmonOf(engine: TestEngine, id: string): number {
  return Number(readFileSync(join(engine.identity.execRoot, 'bundles', id, 'conmon.pid'), 'utf8'));
}

function openFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

/** The names of the variables that a command has in a new container. */
async function names(engine: TestEngine, cmd: string[]): Promise<string[]> {
  const { stdout } = await runToEnd(engine, cmd);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('=', 1)[0]!)
    .sort();
}

async function capabilities(engine: TestEngine, wish: object = {}): Promise<Record<string, bigint>> {
  const text = await script(engine, 'grep ^Cap /proc/self/status', wish);
  return Object.fromEntries(
    text.split('\n').map((line) => {
      const [name = '', value = ''] = line.split(/:\s+/);
      return [name, BigInt(`0x${value}`)];
    }),
  );
}

/** What this machine lets anybody have. */
function hostCapabilities(): bigint {
  return BigInt(`0x${/^CapBnd:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]}`);
}

/** Major and minor number of a disk that the host itself can open; loop devices are there wherever the tests run. */
function aDisk(): [major: number, minor: number] {
  const path = readdirSync('/dev')
    .map((name) => join('/dev', name))
    .find((it) => statSync(it).isBlockDevice() && canOpen(it));
  const { rdev } = statSync(path ?? '/dev/loop0');
  return [rdev >> 8, rdev & 0xff];
}

function canOpen(path: string): boolean {
  try {
    closeSync(openSync(path, 'r'));
    return true;
  } catch {
    return false;
  }
}

/** Imports an image that has busybox and symbolic links, by name and target. */
async function importImage(engine: TestEngine, name: string, links: Record<string, string>): Promise<void> {
  const tar = pack();
  tar.entry({ name: 'bin/busybox', mode: 0o755 }, readFileSync('/bin/busybox'));
  for (const [link, target] of Object.entries(links))
    tar.entry({ name: link, type: 'symlink', linkname: target });
  tar.finalize();
  const path = `/images/create?fromSrc=-&repo=${name}`;
  const answer = await engine.request('POST', path, {
    body: tar,
    headers: { 'Content-Type': 'application/x-tar' },
  });
  expectStatus(answer, 200);
  assert.ok(!answer.text.includes('errorDetail'), answer.text);
}

/** The lines of proc_pid_mountinfo(5). */
function mountsOfHost(): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
}
