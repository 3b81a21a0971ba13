import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs, proves, run, startEngine, succeed, type TestEngine } from '../harness/index.ts';

interface NetworkShown {
  readonly IPAM: { readonly Config: object[] };
  readonly Containers: Record<string, { readonly Name: string; readonly IPv4Address: string }>;
  readonly Labels: Record<string, string>;
}

const SLEEP = ['busybox', 'sleep', '1000'];

/** What a command in a container prints. */
const inside = (engine: TestEngine, container: string, ...command: string[]) =>
  succeed(engine.docker('exec', container, ...command));

const field = (engine: TestEngine, object: string, format: string) =>
  succeed(engine.docker('inspect', '--format', format, object));

/** Whether a container reaches an address. */
async function reaches(engine: TestEngine, container: string, address: string): Promise<boolean> {
  const { code } = await engine.docker('exec', container, 'ping', '-c', '1', '-W', '1', address);
  return code === 0;
}

test('a network of the user’s own is made, shown, used and removed', needs('root', 'docker'), async () => {
  proves('run --network', 'run --network-alias');
  await using engine = await startEngine();
  const created = await succeed(
    engine.docker(
      ...['network', 'create', '--subnet', '10.199.1.0/24', '--gateway', '10.199.1.254'],
      ...[
        '--ip-range',
        '10.199.1.128/25',
        '--aux-address',
        'printer=10.199.1.128',
        '--label',
        'tier=back',
        'lan',
      ],
    ),
  );
  assert.match(created, /^[0-9a-f]{64}$/);
  const container = await succeed(
    engine.docker('run', '-d', '--name', 'web', '--network', 'lan', '--network-alias', 'www', ...SLEEP),
  );
  const [shown] = JSON.parse(await succeed(engine.docker('network', 'inspect', 'lan'))) as NetworkShown[];
  assert.deepEqual(shown?.IPAM.Config, [
    {
      Subnet: '10.199.1.0/24',
      IPRange: '10.199.1.128/25',
      Gateway: '10.199.1.254',
      AuxiliaryAddresses: { printer: '10.199.1.128' },
    },
  ]);
  assert.equal(shown?.Containers[container]?.IPv4Address, '10.199.1.129/24');
  assert.equal(shown?.Containers[container]?.Name, 'web');
  assert.deepEqual(shown?.Labels, { tier: 'back' });
  const endpoint = JSON.parse(await field(engine, 'web', '{{json .NetworkSettings.Networks.lan}}'));
  assert.deepEqual(endpoint.Aliases, ['www']);
  assert.deepEqual(endpoint.DNSNames, ['web', 'www', container.slice(0, 12)]);
  assert.equal(endpoint.Gateway, '10.199.1.254');
  assert.match(await inside(engine, 'web', 'ip', 'route'), /default via 10\.199\.1\.254 dev eth0/);
  const refused = await engine.docker('network', 'rm', 'lan');
  assert.match(refused.stderr, /network lan has active endpoints \(name:"web" id:"[0-9a-f]{12}"\)/);
  await succeed(engine.docker('rm', '-f', 'web'));
  assert.equal(await succeed(engine.docker('network', 'rm', 'lan')), 'lan');
  const gone = await engine.docker('network', 'inspect', 'lan');
  assert.match(gone.stderr, /network lan not found/);
});

test(
  'a running container joins and leaves networks, one that is stopped at its next start',
  needs('root', 'docker'),
  async () => {
    await using engine = await startEngine();
    for (const name of ['one', 'two']) await succeed(engine.docker('network', 'create', name));
    await succeed(engine.docker('run', '-d', '--name', 'aa', '--network', 'one', ...SLEEP));
    await succeed(engine.docker('run', '-d', '--name', 'bb', '--network', 'two', ...SLEEP));
    const address = await field(engine, 'bb', '{{.NetworkSettings.Networks.two.IPAddress}}');
    assert.equal(await reaches(engine, 'aa', address), false);

    await succeed(engine.docker('network', 'connect', '--alias', 'x', 'two', 'aa'));
    assert.equal(await reaches(engine, 'aa', address), true);
    const own = await field(engine, 'aa', '{{.NetworkSettings.Networks.two.IPAddress}}');
    assert.match(await inside(engine, 'aa', 'cat', '/etc/hosts'), new RegExp(`${own}\\s`));
    assert.match(await inside(engine, 'aa', 'ip', 'address', 'show', 'eth1'), new RegExp(own));
    assert.match(
      (await engine.docker('network', 'connect', 'two', 'aa')).stderr,
      /endpoint with name aa already exists in network two/,
    );

    await succeed(engine.docker('network', 'disconnect', 'two', 'aa'));
    assert.equal(await reaches(engine, 'aa', address), false);
    assert.doesNotMatch(await inside(engine, 'aa', 'cat', '/etc/hosts'), new RegExp(`${own}\\s`));
    assert.match(
      (await engine.docker('network', 'disconnect', 'two', 'aa')).stderr,
      /is not connected to network two/,
    );

    await succeed(engine.docker('stop', '-t', '0', 'aa'));
    await succeed(engine.docker('network', 'connect', 'two', 'aa'));
    await succeed(engine.docker('network', 'disconnect', 'one', 'aa'));
    await succeed(engine.docker('start', 'aa'));
    assert.equal(
      await field(engine, 'aa', '{{range $n, $e := .NetworkSettings.Networks}}{{$n}}{{end}}'),
      'two',
    );
    assert.equal(await reaches(engine, 'aa', address), true);
  },
);

test(
  'a container joins several networks at once, and the default route goes where it is told to',
  needs('root', 'docker'),
  async () => {
    await using engine = await startEngine();
    for (const [name, subnet] of [
      ['one', '10.199.2.0/24'],
      ['two', '10.199.3.0/24'],
    ] as const) {
      await succeed(engine.docker('network', 'create', '--subnet', subnet, name));
    }
    const two = 'name=two,ip=10.199.3.77,alias=second,gw-priority=5,mac-address=02:00:00:00:00:77';
    const run = ['run', '-d', '--name', 'aa', '--network', 'one', '--network', two, ...SLEEP];
    await succeed(engine.docker(...run));
    assert.match(await inside(engine, 'aa', 'ip', 'route'), /default via 10\.199\.3\.1 dev eth1/);
    const second = await inside(engine, 'aa', 'ip', 'address', 'show', 'eth1');
    assert.match(second, /10\.199\.3\.77\/24/);
    assert.match(second, /02:00:00:00:00:77/);
    await succeed(engine.docker('network', 'disconnect', 'two', 'aa'));
    assert.match(await inside(engine, 'aa', 'ip', 'route'), /default via 10\.199\.2\.1 dev eth0/);
  },
);

test('a network of both families has addresses and routes of both', needs('root', 'docker'), async () => {
  await using engine = await startEngine();
  await succeed(engine.docker('network', 'create', '--ipv6', 'both'));
  await succeed(engine.docker('run', '-d', '--name', 'aa', '--network', 'both', ...SLEEP));
  await succeed(engine.docker('run', '-d', '--name', 'bb', '--network', 'both', ...SLEEP));
  const address = await field(engine, 'bb', '{{.NetworkSettings.Networks.both.GlobalIPv6Address}}');
  assert.match(address, /^fd[0-9a-f:]+$/);
  assert.equal(await reaches(engine, 'aa', address), true);
  assert.match(await inside(engine, 'aa', 'ip', '-6', 'route'), /default via fd[0-9a-f:]+ dev eth0/);
});

test(
  'containers of other networks, of an internal one and of one without icc are out of reach',
  needs('root', 'docker'),
  async () => {
    await using engine = await startEngine();
    await succeed(engine.docker('network', 'create', '--internal', 'closed'));
    await succeed(
      engine.docker('network', 'create', '-o', 'com.docker.network.bridge.enable_icc=false', 'apart'),
    );
    for (const [name, network] of [
      ['aa', 'closed'],
      ['bb', 'closed'],
      ['cc', 'apart'],
      ['dd', 'apart'],
      ['ee', 'bridge'],
    ] as const) {
      await succeed(engine.docker('run', '-d', '--name', name, '--network', network, ...SLEEP));
    }
    const addressOf = (name: string) =>
      field(engine, name, '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}');
    assert.equal(await reaches(engine, 'aa', await addressOf('bb')), true);
    assert.equal(await reaches(engine, 'aa', await addressOf('ee')), false);
    assert.equal(await reaches(engine, 'ee', await addressOf('aa')), false);
    assert.equal(await reaches(engine, 'cc', await addressOf('dd')), false);
    assert.doesNotMatch(await inside(engine, 'aa', 'ip', 'route'), /default/);
    const gateway = await field(engine, 'ee', '{{.NetworkSettings.Gateway}}');
    assert.equal(await reaches(engine, 'ee', gateway), true);
  },
);

test(
  'after a kill and a lost bridge everything is made again, and running containers keep their places',
  needs('root', 'docker'),
  async () => {
    await using engine = await startEngine();
    await succeed(engine.docker('network', 'create', '--ipv6', 'lan'));
    await succeed(engine.docker('network', 'create', '--internal', 'other'));
    for (const name of ['aa', 'bb']) {
      await succeed(
        engine.docker('run', '-d', '--name', name, '--network', 'lan', '--network', 'other', ...SLEEP),
      );
    }
    const networks = () => field(engine, 'bb', '{{json .NetworkSettings.Networks}}');
    const before = await networks();
    const { IPAddress, GlobalIPv6Address } = JSON.parse(before).lan;
    await engine.kill9();
    const bridges = (await succeed(run('ip', ['-br', 'link', 'show', 'type', 'bridge']))).split('\n');
    const id = JSON.parse(before).lan.NetworkID.slice(0, 12);
    assert.ok(bridges.some((line) => line.startsWith(`br-${id}`)));
    await succeed(run('ip', ['link', 'delete', `br-${id}`]));
    await engine.start();
    assert.equal(await networks(), before);
    assert.equal(await reaches(engine, 'aa', IPAddress), true);
    assert.equal(await reaches(engine, 'aa', GlobalIPv6Address), true);
    await succeed(engine.docker('network', 'disconnect', 'other', 'aa'));
    await succeed(engine.docker('network', 'connect', 'other', 'aa'));
  },
);

test('a container shares the network of another', needs('root', 'docker'), async () => {
  await using engine = await startEngine();
  await succeed(engine.docker('network', 'create', 'lan'));
  await succeed(engine.docker('run', '-d', '--name', 'aa', '--network', 'lan', ...SLEEP));
  const shown = await succeed(
    engine.docker('run', '--rm', '--network', 'container:aa', 'busybox', 'ip', 'address', 'show', 'eth0'),
  );
  assert.match(shown, new RegExp(await field(engine, 'aa', '{{.NetworkSettings.Networks.lan.IPAddress}}')));
  await succeed(engine.docker('stop', '-t', '0', 'aa'));
  const refused = await engine.docker('run', '--rm', '--network', 'container:aa', 'busybox', 'true');
  assert.match(refused.stderr, /cannot join network of a non running container/);
});

test(
  'a link of the default bridge names the other container and tells of it',
  needs('root', 'docker'),
  async () => {
    proves('run --link');
    await using engine = await startEngine();
    await succeed(
      engine.docker('run', '-d', '--name', 'db', '--expose', '5432', '-e', 'KEY=value', ...SLEEP),
    );
    const address = await field(engine, 'db', '{{.NetworkSettings.IPAddress}}');
    const script = 'cat /etc/hosts; env';
    const shown = await succeed(
      engine.docker('run', '--rm', '--name', 'app', '--link', 'db:store', 'busybox', 'sh', '-c', script),
    );
    for (const line of [
      `${address}\tstore`,
      `${address}\tdb`,
      `STORE_PORT_5432_TCP_ADDR=${address}`,
      `STORE_PORT=tcp://${address}:5432`,
      'STORE_NAME=/app/store',
      'STORE_ENV_KEY=value',
    ]) {
      assert.ok(shown.split('\n').includes(line), `${line} is not in\n${shown}`);
    }
    await succeed(engine.docker('stop', '-t', '0', 'db'));
    const refused = await engine.docker('run', '--rm', '--link', 'db', 'busybox', 'true');
    assert.match(refused.stderr, /Cannot link to a non running container: \/db AS/);
    assert.equal((await engine.docker('run', '--rm', '--link', 'nobody', 'busybox', 'true')).code, 125);
  },
);

test('addresses may be chosen, of both families and of the link alone', needs('root', 'docker'), async () => {
  proves('run --ip', 'run --ip6', 'run --link-local-ip');
  await using engine = await startEngine();
  const subnets = ['--subnet', '10.199.4.0/24', '--ipv6', '--subnet', 'fd99:4::/64'];
  await succeed(engine.docker('network', 'create', ...subnets, 'lan'));
  const chosen = ['--ip', '10.199.4.44', '--ip6', 'fd99:4::44', '--link-local-ip', '169.254.4.44'];
  const wish = ['run', '--network', 'lan', ...chosen];
  const shown = await succeed(engine.docker(...wish, '--rm', 'busybox', 'ip', 'address', 'show', 'eth0'));
  for (const address of ['10.199.4.44/24', 'fd99:4::44/64', '169.254.4.44/16']) {
    assert.ok(shown.includes(address), `${address} is not in\n${shown}`);
  }
  await succeed(engine.docker(...wish, '-d', ...SLEEP));
  assert.match((await engine.docker(...wish, '-d', ...SLEEP)).stderr, /Address already in use/);
  const onBridge = await engine.docker('run', '--rm', '--ip', '10.199.4.45', 'busybox', 'true');
  assert.match(onBridge.stderr, /supported on user defined networks only/);
});
