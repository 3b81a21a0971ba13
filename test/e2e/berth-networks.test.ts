import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs, startEngine, succeed } from '../harness/index.ts';

const SLEEP = ['busybox', 'sleep', '1000'];

test('berth network does what docker network does, and says the same', needs('root', 'docker'), async () => {
  await using engine = await startEngine();
  const id = await succeed(
    engine.berth(
      ...['network', 'create', '--subnet', '10.198.1.0/24', '--ip-range', '10.198.1.64/26'],
      ...['--gateway', '10.198.1.1', '--aux-address', 'nas=10.198.1.65', '--label', 'tier=back'],
      ...['-o', 'com.docker.network.driver.mtu=1400', '--internal', 'lan'],
    ),
  );
  assert.match(id, /^[0-9a-f]{64}$/);
  await succeed(engine.berth('network', 'create', '--ipv6', '--subnet', 'fd98:1::/64', 'six'));
  await succeed(engine.berth('run', '-d', '--name', 'web', ...SLEEP));
  await succeed(
    engine.berth(
      'network',
      'connect',
      '--ip',
      '10.198.1.77',
      '--alias',
      'www',
      '--gw-priority',
      '3',
      'lan',
      'web',
    ),
  );
  const same = async (...args: string[]) => {
    const [ours, theirs] = await Promise.all([engine.berth(...args), engine.docker(...args)]);
    assert.equal(ours.stdout, theirs.stdout);
    assert.equal(ours.code, theirs.code);
    return ours.stdout;
  };
  const shown = await same('network', 'inspect', 'lan', 'six');
  assert.match(shown, /"IPv4Address": "10\.198\.1\.77\/24"/);
  await same('network', 'inspect', '--format', '{{.Name}} {{json .IPAM.Config}} {{.Internal}}', 'lan');
  assert.match(await same('network', 'ls'), /lan +bridge +local/);
  for (const filter of [
    'driver=bridge',
    'name=la',
    'label=tier',
    'label=tier=front',
    'type=custom',
    'dangling=true',
  ]) {
    await same('network', 'ls', '--filter', filter);
  }
  await same('network', 'ls', '-q', '--no-trunc');
  await same(
    'network',
    'ls',
    '--format',
    'table {{.Name}}\t{{.IPv4}}\t{{.IPv6}}\t{{.Internal}}\t{{.Labels}}\t{{.Label "tier"}}',
  );
  await same('network', 'ls', '--format', 'json');
  for (const wrong of [
    ['network', 'inspect', 'nobody'],
    ['network', 'create', 'host'],
    ['network', 'create', 'lan'],
    ['network', 'create', '--gateway', '10.1.1.1', 'x'],
    ['network', 'create', '--subnet', '10.1.1.0/24', '--gateway', '10.1.2.1', 'x'],
    ['network', 'create', '--subnet', '10.1.1.0/24', '--subnet', '10.1.1.128/25', 'x'],
    ['network', 'create', '--driver', 'nonsense', 'x'],
    ['network', 'rm', 'bridge'],
    ['network', 'rm', 'lan'],
    ['network', 'connect', 'lan', 'web'],
    ['network', 'connect', 'host', 'web'],
    ['network', 'disconnect', 'six', 'web'],
  ]) {
    const [ours, theirs] = await Promise.all([engine.berth(...wrong), engine.docker(...wrong)]);
    // docker says of some commands, after everything else, how its own part of it ended.
    assert.equal(ours.stderr, theirs.stderr.replace(/^exit status 1\n/m, ''), wrong.join(' '));
    assert.equal(ours.code, 1, wrong.join(' '));
  }
  await succeed(engine.berth('network', 'disconnect', 'lan', 'web'));
  assert.match(await succeed(engine.berth('network', 'prune', '-f')), /Deleted Networks:\nlan\nsix/);
  assert.equal((await engine.berth('network', 'rm', '-f', 'lan')).code, 0);
});

test('events tell of networks as Docker does', needs('root', 'docker'), async () => {
  await using engine = await startEngine();
  const since = String(Math.floor(Date.now() / 1000) - 1);
  await succeed(engine.docker('network', 'create', 'lan'));
  const id = await succeed(engine.docker('run', '-d', '--name', 'web', ...SLEEP));
  await succeed(engine.docker('network', 'connect', 'lan', 'web'));
  await succeed(engine.docker('network', 'disconnect', 'lan', 'web'));
  await succeed(engine.docker('network', 'rm', 'lan'));
  const format =
    '{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.type}} {{.Actor.Attributes.container}}';
  const until = String(Math.ceil(Date.now() / 1000));
  const told = await succeed(
    engine.docker(
      'events',
      '--since',
      since,
      '--until',
      until,
      '--filter',
      'type=network',
      '--format',
      format,
    ),
  );
  assert.deepEqual(
    told.split('\n').map((line) => line.replace('<no value>', '').trim()),
    [
      'create lan bridge',
      `connect bridge bridge ${id}`,
      `connect lan bridge ${id}`,
      `disconnect lan bridge ${id}`,
      'destroy lan bridge',
    ],
  );
});

test('a template of networks is copied and cannot be joined', needs('root', 'docker'), async () => {
  await using engine = await startEngine();
  await succeed(engine.docker('network', 'create', '--config-only', '--subnet', '10.198.9.0/24', 'plan'));
  await succeed(engine.docker('network', 'create', '--config-from', 'plan', 'real'));
  assert.equal(
    await succeed(
      engine.docker(
        'network',
        'inspect',
        '-f',
        '{{(index .IPAM.Config 0).Subnet}} {{.ConfigFrom.Network}}',
        'real',
      ),
    ),
    '10.198.9.0/24 plan',
  );
  assert.match(
    (await engine.docker('run', '--rm', '--network', 'plan', 'busybox', 'true')).stderr,
    /configuration-only/,
  );
  assert.match((await engine.docker('network', 'rm', 'plan')).stderr, /is in use/);
});
