import assert from 'node:assert/strict';
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { needs, proves, type Result, startEngine, succeed, type TestEngine } from '../harness/index.ts';

suite('options of docker run', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());

  const run = (...args: string[]): Promise<Result> =>
    engine.docker('run', '--rm', '--network', 'none', ...args);
  const output = (...args: string[]): Promise<string> => succeed(run(...args));
  /** The output of a shell script. */
  const sh = (script: string, ...flags: string[]): Promise<string> =>
    output(...flags, 'busybox', 'sh', '-c', script);
  /** What is said of options that are refused. */
  const refusal = async (...flags: string[]): Promise<string> => {
    const result = await run(...flags, 'busybox', 'true');
    assert.equal(result.code, 125, `${flags.join(' ')}: ${result.stdout}${result.stderr}`);
    return result.stderr;
  };

  suite('environment', () => {
    test('without options: PATH, HOSTNAME and HOME', async () => {
      const lines = (await output('-h', 'named', 'busybox', 'env')).split('\n');
      const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
      assert.deepEqual(lines.sort(), ['HOME=/root', 'HOSTNAME=named', path]);
    });

    test('--env, --env-file and the variables of the client', async () => {
      proves('run --env', 'run --env-file');
      const file = join(engine.identity.root, 'env');
      writeFileSync(file, 'FROM_FILE=file\n# a comment\nSPACES=a b\nBOTH=file\nTAKEN\n');
      const args = [
        'run',
        '--rm',
        '--network',
        'none',
        '--env-file',
        file,
        '-e',
        'BOTH=flag',
        '-e',
        'HOME=/h',
      ];
      const result = await engine.client('docker', [...args, 'busybox', 'env'], { env: { TAKEN: 'client' } });
      const lines = result.stdout.split('\n');
      for (const line of ['FROM_FILE=file', 'SPACES=a b', 'BOTH=flag', 'TAKEN=client', 'HOME=/h'])
        assert.ok(lines.includes(line), `${line} in ${lines.join(' ')}`);
    });
  });

  suite('user and folder', () => {
    test('--user by name, number and with a group', async () => {
      proves('run --user');
      assert.match(await output('-u', 'daemon', 'busybox', 'id'), /^uid=1\(daemon\) gid=1\(daemon\)/);
      assert.match(await output('-u', '12:34', 'busybox', 'id'), /^uid=12 gid=34/);
      assert.match(await output('-u', '4321', 'busybox', 'id'), /^uid=4321 gid=0\(root\)/);
      assert.match(await refusal('-u', 'nobodyatall'), /unable to find user nobodyatall/);
      assert.match(await refusal('-u', '0:nogroupatall'), /unable to find group nogroupatall/);
    });

    test('--group-add', async () => {
      proves('run --group-add');
      assert.match(
        await output('--group-add', '99', '--group-add', 'daemon', 'busybox', 'id', '-G'),
        /^0 1 .*99$/,
      );
    });

    test('--workdir, made when it is not there', async () => {
      proves('run --workdir');
      assert.equal(await output('-w', '/etc', 'busybox', 'pwd'), '/etc');
      assert.equal(await output('-w', '/made/for/it', 'busybox', 'pwd'), '/made/for/it');
      assert.match(await refusal('-w', 'relative'), /needs to be an absolute path/);
    });
  });

  suite('names', () => {
    test('--hostname and --domainname', async () => {
      proves('run --hostname', 'run --domainname');
      const script = 'hostname; cat /etc/hostname; cat /proc/sys/kernel/domainname';
      assert.equal(await sh(script, '-h', 'me', '--domainname', 'example.org'), 'me\nme\nexample.org');
    });

    test('the host name is the short ID unless told', async () => {
      const id = await succeed(engine.docker('run', '-d', '--network', 'none', 'busybox', 'sleep', '600'));
      assert.equal(await succeed(engine.docker('exec', id, 'hostname')), id.slice(0, 12));
      await succeed(engine.docker('rm', '-f', id));
    });

    test('--add-host, --dns, --dns-search and --dns-option', async () => {
      proves('run --add-host', 'run --dns', 'run --dns-search', 'run --dns-option');
      const flags = ['--dns', '9.9.9.9', '--dns-search', 'example.org', '--dns-option', 'ndots:3'];
      const text = await sh('cat /etc/hosts /etc/resolv.conf', '--add-host', 'other:10.1.2.3', ...flags);
      assert.match(text, /^10\.1\.2\.3\s+other$/m);
      assert.match(text, /^nameserver 9\.9\.9\.9$/m);
      assert.match(text, /^search example\.org$/m);
      assert.match(text, /^options ndots:3$/m);
    });
  });

  suite('command', () => {
    test('--entrypoint takes the place of the image’s command', async () => {
      proves('run --entrypoint');
      assert.equal(await output('--entrypoint', 'echo', 'busybox', 'a', 'b'), 'a b');
      assert.equal(await output('--entrypoint', '', 'busybox', 'echo', 'plain'), 'plain');
    });

    test('--init runs something that reaps under number 1', async () => {
      proves('run --init');
      assert.match(await output('--init', 'busybox', 'ps'), /^ +1 .*(init|catatonit|tini)/m);
      const script =
        'for i in 1 2 3; do (true &); done; while grep -q State:.Z /proc/[0-9]*/status; do :; done; echo reaped';
      assert.equal(await sh(script, '--init'), 'reaped');
    });

    test('--label', async () => {
      proves('run --label');
      const id = await succeed(engine.docker('create', '-l', 'one=1', '-l', 'bare', 'busybox'));
      const labels = await succeed(engine.docker('inspect', '-f', '{{json .Config.Labels}}', id));
      assert.deepEqual(JSON.parse(labels), { one: '1', bare: '' });
      await succeed(engine.docker('rm', id));
    });
  });

  suite('files', () => {
    test('--read-only leaves nothing of the root to be written, and --tmpfs what it names', async () => {
      proves('run --read-only');
      const script =
        'for f in /x /etc/hosts /proc/sys/kernel/x /t/x /dev/shm/x; do touch $f 2>/dev/null && echo $f; done; true';
      assert.equal(await sh(script, '--read-only', '--tmpfs', '/t'), '/t/x\n/dev/shm/x');
    });

    test('--tmpfs with options', async () => {
      proves('run --tmpfs');
      const line = await sh('grep " /t " /proc/mounts; stat -c %a /t', '--tmpfs', '/t:size=1m,mode=700,exec');
      assert.match(line, /size=1024k/);
      assert.doesNotMatch(line, /noexec/);
      assert.match(line, /\n700$/);
      assert.match(await sh('grep " /t " /proc/mounts', '--tmpfs', '/t'), /nosuid.*nodev.*noexec/);
      assert.match(await refusal('--tmpfs', 'relative'), /relative/);
      assert.match(await refusal('--tmpfs', '/t:nosuch'), /invalid tmpfs option \["nosuch"\]/);
    });

    test('--shm-size', async () => {
      proves('run --shm-size');
      const kilobytes = (...flags: string[]) => sh("df -k /dev/shm | awk 'END { print $2 }'", ...flags);
      assert.equal(await kilobytes(), '65536');
      assert.equal(await kilobytes('--shm-size', '3m'), '3072');
    });

    test('--device', async () => {
      proves('run --device');
      assert.match(
        await output('--device', '/dev/zero:/dev/nought', 'busybox', 'ls', '-l', '/dev/nought'),
        /^c.* 1, +5 /,
      );
      const missing = await run('--device', '/dev/nosuch', 'busybox', 'true');
      assert.match(missing.stderr, /no such file or directory/);
    });
  });

  suite('privileges', () => {
    const effective = async (...flags: string[]): Promise<bigint> =>
      BigInt(
        `0x${/CapEff:\s*(\S+)/.exec(await output(...flags, 'busybox', 'cat', '/proc/self/status'))![1]}`,
      );
    const bounding = async (...flags: string[]): Promise<bigint> =>
      BigInt(
        `0x${/CapBnd:\s*(\S+)/.exec(await output(...flags, 'busybox', 'cat', '/proc/self/status'))![1]}`,
      );
    const DEFAULT = 0xa80425fbn;
    const CHOWN = 1n << 0n;
    const NET_ADMIN = 1n << 12n;
    const NET_RAW = 1n << 13n;

    test('--cap-add and --cap-drop', async () => {
      proves('run --cap-add', 'run --cap-drop');
      assert.equal(await effective(), DEFAULT);
      assert.equal(await effective('--cap-add', 'NET_ADMIN'), DEFAULT | NET_ADMIN);
      assert.equal(await effective('--cap-drop', 'CHOWN'), DEFAULT & ~CHOWN);
      assert.equal(await effective('--cap-drop', 'ALL'), 0n);
      assert.equal(await effective('--cap-drop', 'all', '--cap-add', 'cap_net_raw'), NET_RAW);
      assert.match(await refusal('--cap-add', 'NOSUCH'), /unknown capability: "CAP_NOSUCH"/);
    });

    test('another user has them only within reach', async () => {
      assert.equal(await effective('-u', '1000'), 0n);
      assert.equal(await bounding('-u', '1000'), DEFAULT);
    });

    test('--security-opt no-new-privileges and seccomp', async () => {
      proves('run --security-opt');
      const line = (name: string, ...flags: string[]) =>
        sh(`grep '^${name}:' /proc/self/status | cut -f2`, ...flags);
      assert.equal(await line('NoNewPrivs'), '0');
      assert.equal(await line('NoNewPrivs', '--security-opt', 'no-new-privileges'), '1');
      assert.equal(await line('NoNewPrivs', '--security-opt', 'no-new-privileges:false'), '0');
      assert.equal(await line('Seccomp'), '2');
      assert.equal(await line('Seccomp', '--security-opt', 'seccomp=unconfined'), '0');
      const profile = join(engine.identity.root, 'profile.json');
      const rules = [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }];
      writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: rules }));
      const made = await run('--security-opt', `seccomp=${profile}`, 'busybox', 'mkdir', '/made');
      assert.match(made.stderr, /Operation not permitted/);
      assert.match(await refusal('--security-opt', 'nosuch=1'), /invalid --security-opt/);
      assert.match(await refusal('--security-opt', 'no-new-privileges=perhaps'), /invalid --security-opt/);
    });

    test('--privileged', async () => {
      proves('run --privileged');
      const status = await output('--privileged', 'busybox', 'cat', '/proc/self/status');
      assert.match(status, /^Seccomp:\s+0$/m);
      assert.ok(BigInt(`0x${/CapEff:\s*(\S+)/.exec(status)![1]}`) > DEFAULT);
    });
  });

  suite('limits', () => {
    test('--ulimit', async () => {
      proves('run --ulimit');
      assert.equal(await sh('ulimit -Sn; ulimit -Hn', '--ulimit', 'nofile=123:456'), '123\n456');
      assert.equal(await sh('ulimit -Sc; ulimit -Hc', '--ulimit', 'core=0'), '0\n0');
      assert.match(await refusal('--ulimit', 'nosuch=1'), /invalid ulimit type/);
    });

    test('--sysctl in the namespaces of the container alone', async () => {
      proves('run --sysctl');
      const flags = ['--sysctl', 'net.ipv4.ip_forward=1', '--sysctl', 'kernel.msgmax=9000'];
      const script = 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax';
      assert.equal(await sh(script, ...flags), '1\n9000');
      const before = readFileSync('/proc/sys/kernel/panic', 'utf8');
      const result = await run('--sysctl', 'kernel.panic=77', 'busybox', 'true');
      assert.notEqual(result.code, 0);
      assert.equal(readFileSync('/proc/sys/kernel/panic', 'utf8'), before);
    });

    test('limits that contradict themselves or the machine are refused', async () => {
      assert.match(await refusal('-m', '1m'), /Minimum memory limit allowed is 6MB/);
      assert.match(await refusal('-m', '20m', '--memory-swap', '10m'), /Minimum memoryswap limit/);
      assert.match(await refusal('--memory-swap', '10m'), /You should always set the Memory limit/);
      assert.match(await refusal('--cpus', '10000'), /Range of CPUs is from/);
      assert.match(
        await refusal('--cpus', '1', '--cpu-quota', '50000'),
        /Conflicting options: Nano CPUs and CPU Quota/,
      );
      assert.equal(await sh('echo fine', '--pids-limit', '-1'), 'fine');
    });
  });

  suite('namespaces', () => {
    const NAMES = 'for n in pid ipc uts cgroup; do readlink /proc/self/ns/$n; done';
    const own = (): string =>
      ['pid', 'ipc', 'uts', 'cgroup'].map((name) => readlinkSync(`/proc/self/ns/${name}`)).join('\n');

    test('none is shared with the host unless told', async () => {
      const [found, host] = [(await sh(NAMES)).split('\n'), own().split('\n')];
      for (const [index, name] of found.entries()) assert.notEqual(name, host[index]);
    });

    test('host', async () => {
      proves('run --pid', 'run --ipc', 'run --uts', 'run --cgroupns');
      const flags = ['--pid', 'host', '--ipc', 'host', '--uts', 'host', '--cgroupns', 'host'];
      assert.equal(await sh(NAMES, ...flags), own());
      assert.equal(await output('--uts', 'host', 'busybox', 'hostname'), hostname());
    });

    test('container', async () => {
      proves('run --pid', 'run --ipc');
      await succeed(
        engine.docker(
          'run',
          '-d',
          '--name',
          'owner',
          '--ipc',
          'shareable',
          'busybox',
          'sh',
          '-c',
          'echo here >/dev/shm/f; sleep 600',
        ),
      );
      const flags = ['--pid', 'container:owner', '--ipc', 'container:owner'];
      const names = await sh(`${NAMES}; ps; cat /dev/shm/f`, ...flags);
      const owner = (await succeed(engine.docker('exec', 'owner', 'sh', '-c', NAMES))).split('\n');
      assert.deepEqual(names.split('\n').slice(0, 2), owner.slice(0, 2));
      assert.match(names, /sleep 600/);
      assert.match(names, /\nhere$/);
      await succeed(engine.docker('rm', '-f', 'owner'));
      await succeed(engine.docker('run', '-d', '--name', 'closed', 'busybox', 'sleep', '600'));
      assert.match(await refusal('--ipc', 'container:closed'), /cannot join IPC/);
      await succeed(engine.docker('rm', '-f', 'closed'));
      assert.match(await refusal('--pid', 'container:owner'), /No such container: owner/);
    });

    test('modes that there are not', async () => {
      for (const flag of ['--pid', '--ipc', '--uts', '--cgroupns', '--userns'])
        assert.match(await refusal(flag, 'nosuch'), /invalid/i, flag);
    });

    test('--ipc none leaves /dev/shm out', async () => {
      proves('run --ipc');
      assert.equal((await run('--ipc', 'none', 'busybox', 'grep', '/dev/shm', '/proc/mounts')).code, 1);
    });
  });
});
