import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { needs, proves, startEngine, succeed, type TestEngine } from '../harness/index.ts';

suite('docker ps and docker inspect', needs('root', 'docker'), () => {
  let engine: TestEngine;
  let upId: string;
  before(async () => {
    engine = await startEngine();
    const create = (name: string, ...args: string[]) => engine.docker('create', '--name', name, ...args);
    // In this order, so that `before` and `since` have something to tell apart.
    upId = await succeed(
      engine.docker('run', '-d', '--name', 'up', '-l', 'a=1', '-l', 'b', 'busybox', 'sleep', '600'),
    );
    await engine.docker('run', '--name', 'ended', '-l', 'a=2', 'busybox', 'sh', '-c', 'exit 3');
    await succeed(create('idle', '--expose', '80', '--network', 'none', 'busybox', 'echo', 'a b', 'c'));
  });
  after(() => engine[Symbol.asyncDispose]());

  const docker = (...args: string[]): Promise<string> => succeed(engine.docker(...args));
  const names = async (...args: string[]): Promise<string[]> =>
    (await docker('ps', '--format', '{{.Names}}', ...args)).split('\n').filter(Boolean);
  const inspect = (format: string, name: string): Promise<string> => docker('inspect', '-f', format, name);

  test('ps shows what runs, ps -a everything, the newest first', async () => {
    proves('ps', 'ps --all', 'ps --latest', 'ps --last');
    assert.deepEqual(await names(), ['up']);
    assert.deepEqual(await names('-a'), ['idle', 'ended', 'up']);
    assert.deepEqual(await names('-l'), ['idle']);
    assert.deepEqual(await names('-n', '2'), ['idle', 'ended']);
  });

  const filters: ReadonlyArray<readonly [filters: string, found: string[]]> = [
    ['name=up', ['up']],
    ['name=^/up$', ['up']],
    ['name=^p', []],
    ['name=up name=idle', ['idle', 'up']],
    ['status=exited', ['ended']],
    ['status=created status=running', ['idle', 'up']],
    ['exited=3', ['ended']],
    ['exited=4', []],
    ['label=a', ['ended', 'up']],
    ['label=a=1', ['up']],
    ['label=a label=b', ['up']],
    ['label=c', []],
    ['before=ended', ['up']],
    ['since=ended', ['idle']],
    ['ancestor=busybox', ['idle', 'ended', 'up']],
    ['ancestor=busybox:latest', ['idle', 'ended', 'up']],
    ['ancestor=nosuch', []],
    ['network=none', ['idle']],
    ['network=bridge', ['ended', 'up']],
    ['expose=80', ['idle']],
    ['expose=80/udp', []],
    ['health=none', ['idle', 'ended', 'up']],
    ['is-task=false', ['idle', 'ended', 'up']],
    ['is-task=true', []],
    ['status=exited label=a=1', []],
  ];
  for (const [given, found] of filters) {
    test(`ps -a with the filters ${given}`, async () => {
      assert.deepEqual(await names('-a', ...given.split(' ').flatMap((one) => ['-f', one])), found);
    });
  }

  test('ps -f id finds by the beginning of an ID', async () => {
    proves('ps --filter');
    assert.deepEqual(await names('-a', '-f', `id=${upId.slice(0, 10)}`), ['up']);
  });

  test('a filter that there is not, or with a wrong value, is refused', async () => {
    for (const filter of ['nosuch=1', 'status=nosuch', 'exited=x', 'health=nosuch', 'before=nosuch']) {
      const result = await engine.docker('ps', '-f', filter);
      assert.equal(result.code, 1, filter);
      assert.notEqual(result.stderr, '');
    }
  });

  test('the columns', async () => {
    proves('ps --format', 'ps --no-trunc');
    const row = async (name: string) =>
      (await docker('ps', '-a', '--no-trunc', '-f', `name=${name}`, '--format', '{{json .}}'))
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, string>)[0]!;
    const up = await row('up');
    assert.equal(up['ID'], upId);
    assert.equal(up['Image'], 'busybox');
    assert.equal(up['Command'], '"sleep 600"');
    assert.equal(up['State'], 'running');
    assert.match(up['Status']!, /^Up (\d+ seconds?|Less than a second)$/);
    assert.deepEqual(up['Labels']!.split(',').sort(), ['a=1', 'b=']);
    assert.equal(up['Networks'], 'bridge');
    const ended = await row('ended');
    assert.match(ended['Status']!, /^Exited \(3\) (\d+ seconds?|Less than a second) ago$/);
    const idle = await row('idle');
    assert.deepEqual([idle['Status'], idle['Command'], idle['Ports']], ['Created', `"echo 'a b' c"`, '']);
  });

  test('ps -q gives short IDs, ps -s sizes, and the table its head', async () => {
    proves('ps --quiet', 'ps --size');
    assert.equal(await docker('ps', '-q'), upId.slice(0, 12));
    assert.match(
      await docker('ps', '-s', '--format', '{{.Size}}'),
      /^\d+(\.\d+)?k?B \(virtual [\d.]+[kM]B\)$/,
    );
    assert.match(await docker('ps'), /^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES\n/);
  });

  test('inspect: what was asked for', async () => {
    const flags = ['-e', 'A=1', '-l', 'k=v', '-w', '/tmp', '-u', 'daemon', '-h', 'hh', '--entrypoint', 'ls'];
    const limits = ['-m', '64m', '--cpus', '0.5', '--pids-limit', '20', '--cap-add', 'NET_ADMIN', '--init'];
    await docker('create', '--name', 'full', ...flags, ...limits, '-it', 'busybox', '-l', '/');
    const [full] = JSON.parse(await docker('inspect', 'full')) as [Record<string, Record<string, unknown>>];
    const expected = {
      Config: {
        ...{ Hostname: 'hh', User: 'daemon', WorkingDir: '/tmp', Image: 'busybox', Tty: true },
        ...{ OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true, AttachStderr: true },
        ...{ Cmd: ['-l', '/'], Entrypoint: ['ls'], Labels: { k: 'v' }, Volumes: null, OnBuild: null },
      },
      HostConfig: {
        ...{ Memory: 64 * 1024 * 1024, MemorySwap: 128 * 1024 * 1024, NanoCpus: 500_000_000, PidsLimit: 20 },
        ...{ CapDrop: null, Init: true, Privileged: false, NetworkMode: 'bridge', Binds: null },
        ...{
          RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
          LogConfig: { Type: 'json-file', Config: {} },
        },
      },
      State: {
        ...{
          Status: 'created',
          Running: false,
          Paused: false,
          Restarting: false,
          OOMKilled: false,
          Dead: false,
        },
        ...{
          Pid: 0,
          ExitCode: 0,
          Error: '',
          StartedAt: '0001-01-01T00:00:00Z',
          FinishedAt: '0001-01-01T00:00:00Z',
        },
      },
    };
    for (const [part, values] of Object.entries(expected)) {
      const found = Object.fromEntries(Object.keys(values).map((key) => [key, full[part]![key]]));
      assert.deepEqual(found, values, part);
    }
    assert.match(String(full['HostConfig']!['CapAdd']), /NET_ADMIN/);
    assert.ok((full['Config']!['Env'] as string[]).includes('A=1'));
    assert.deepEqual([full['Path'], full['Args'], full['Name']], ['ls', ['-l', '/'], '/full']);
    assert.deepEqual([full['Mounts'], full['ExecIDs'], full['Platform']], [[], null, 'linux']);
    assert.match(String(full['Image']), /^sha256:[0-9a-f]{64}$/);
    assert.match(String(full['Created']), /^\d{4}-\d\d-\d\dT[\d:]+\.\d+Z$/);
    await docker('rm', 'full');
  });

  test('inspect: what has become of it', async () => {
    assert.equal(
      await inspect('{{.State.Status}} {{.State.Running}} {{.State.ExitCode}}', 'up'),
      'running true 0',
    );
    assert.ok(Number(await inspect('{{.State.Pid}}', 'up')) > 1);
    assert.equal(
      await inspect('{{.State.Status}} {{.State.ExitCode}} {{.State.Pid}}', 'ended'),
      'exited 3 0',
    );
    const [started, finished] = (await inspect('{{.State.StartedAt}} {{.State.FinishedAt}}', 'ended')).split(
      ' ',
    );
    assert.ok(Date.parse(started!) <= Date.parse(finished!));
    const address = await inspect('{{.NetworkSettings.Networks.bridge.IPAddress}}', 'up');
    assert.match(address, /^\d+\.\d+\.\d+\.\d+$/);
    assert.equal(await inspect('{{.NetworkSettings.Networks.bridge.IPAddress}}', 'ended'), '');
  });

  test('inspect -s adds sizes; several objects make one list; a missing one is named', async () => {
    assert.match(await docker('inspect', '-s', '-f', '{{.SizeRootFs}}', 'up'), /^\d{5,}$/);
    const result = await engine.docker('inspect', 'up', 'nosuch', 'idle');
    assert.equal(result.code, 1);
    assert.equal((JSON.parse(result.stdout) as unknown[]).length, 2);
    assert.match(result.stderr, /No such object: nosuch/i);
  });

  test('inspect shows the execs that run', async () => {
    const child = engine.spawn('docker', 'exec', 'up', 'sh', '-c', 'echo begun; sleep 600');
    await new Promise((resolve) => child.stdout!.once('data', resolve));
    assert.match(await inspect('{{json .ExecIDs}}', 'up'), /^\["[0-9a-f]{64}"\]$/);
    await docker('exec', 'up', 'killall', 'sleep').catch(() => {});
    child.kill('SIGKILL');
  });
});
