import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needs, proves, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { answerOf, echoed, echoInside, OtherHost, serve } from './reach.ts';

/** An address of this machine on which others can call it. */
const own = Object.values(networkInterfaces())
  .flat()
  .find((it) => it?.family === 'IPv4' && !it.internal)?.address;

test(
  'a published port is reached by every address of the host, from other hosts and from containers',
  needs('root', 'docker'),
  async () => {
    await using engine = await startEngine();
    await using other = new OtherHost();
    await succeed(engine.docker('network', 'create', 'lan'));
    await serve(engine, 'web', '--network', 'lan', '-p', '80');
    const [port = ''] = (await succeed(engine.docker('port', 'web', '80/tcp')))
      .split('\n')
      .map((it) => it.replace(/.*:/, ''));
    const gateway = await succeed(
      engine.docker('inspect', '-f', '{{.NetworkSettings.Networks.lan.Gateway}}', 'web'),
    );

    assert.equal(await answerOf('127.0.0.1', port), gateway);
    assert.ok(await answerOf('::1', port));
    assert.ok(await answerOf(own!, port));
    assert.equal(await other.answerOf(OtherHost.hostAddress, port), OtherHost.address);
    assert.equal(await other.answerOf(OtherHost.hostAddress6, port), gateway);

    const container = await succeed(
      engine.docker('inspect', '-f', '{{.NetworkSettings.Networks.lan.IPAddress}}', 'web'),
    );
    assert.equal(await other.answerOf(container, '80'), undefined);

    const script = `printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${OtherHost.hostAddress} ${port} | tail -n 1`;
    const call = (network: string) =>
      engine.docker('run', '--rm', '--network', network, 'busybox', 'sh', '-c', script);
    // A neighbour gets its answer by way of the host, whose address stands in for its own.
    assert.ok((await succeed(call('lan'))).includes(gateway));
    assert.match(await succeed(call('bridge')), /^(\[::ffff:)?10\./);
    assert.ok((await succeed(engine.docker('exec', 'web', 'sh', '-c', script))).includes(gateway));

    await succeed(engine.docker('stop', '-t', '0', 'web'));
    assert.equal(await answerOf('127.0.0.1', port), undefined);
    assert.equal(await answerOf('::1', port), undefined);
    assert.equal(await other.answerOf(OtherHost.hostAddress, port), undefined);
  },
);

test(
  'a port of a container with IPv6 is reached over it, and the caller is seen',
  needs('root', 'docker'),
  async () => {
    await using engine = await startEngine();
    await using other = new OtherHost();
    await succeed(engine.docker('network', 'create', '--ipv6', 'both'));
    await serve(engine, 'web', '--network', 'both', '-p', '18081:80');
    assert.equal(await other.answerOf(OtherHost.hostAddress6, '18081'), OtherHost.address6);
    assert.equal(await other.answerOf(OtherHost.hostAddress, '18081'), OtherHost.address);
    assert.ok(await answerOf('::1', '18081'));
  },
);

test(
  'a port that is published on the loopback address is the host’s alone',
  needs('root', 'docker'),
  async () => {
    await using engine = await startEngine({ flags: ['--ip', '127.0.0.1'] });
    await using other = new OtherHost();
    await serve(
      engine,
      'web',
      '-p',
      '18082:80',
      '-p',
      '127.0.0.2:18083:80',
      '-p',
      `${OtherHost.hostAddress}:18084:80`,
    );
    assert.ok(await answerOf('127.0.0.1', '18082'));
    assert.ok(await answerOf('127.0.0.2', '18083'));
    assert.equal(await other.answerOf(OtherHost.hostAddress, '18082'), undefined);
    assert.equal(await other.answerOf('127.0.0.1', '18082', OtherHost.hostAddress), undefined);
    assert.equal(await other.answerOf(OtherHost.hostAddress, '18084'), OtherHost.address);
    const ports = JSON.parse(
      await succeed(engine.berth('inspect', '-f', '{{json .NetworkSettings.Ports}}', 'web')),
    ) as Record<string, { HostIp: string; ReachableFrom: string }[]>;
    assert.deepEqual(
      ports['80/tcp']?.map(({ HostIp, ReachableFrom }) => `${HostIp}: ${ReachableFrom}`),
      [
        `127.0.0.1: this host alone`,
        `127.0.0.2: this host alone`,
        `${OtherHost.hostAddress}: everyone who reaches ${OtherHost.hostAddress}`,
      ],
    );
    assert.match(
      await succeed(engine.berth('port', '--reach', 'web', '80')),
      /127\.0\.0\.1:18082\s+this host alone/,
    );
  },
);

test(
  'ranges, several at once, UDP and random ports are published as they are asked for',
  needs('root', 'docker'),
  async () => {
    proves('run --publish', 'run --publish-all', 'port');
    await using engine = await startEngine();
    await serve(
      engine,
      'web',
      '-p',
      '18100-18103:80-83',
      '-p',
      '127.0.0.1:18110-18119:80',
      '-p',
      '18120:53/udp',
      '--expose',
      '9000',
      '-P',
    );
    const ports = await succeed(engine.docker('port', 'web'));
    for (const line of [
      '81/tcp -> 0.0.0.0:18101',
      '81/tcp -> [::]:18101',
      '80/tcp -> 127.0.0.1:18110',
      '53/udp -> 0.0.0.0:18120',
    ]) {
      assert.ok(ports.split('\n').includes(line), `${line} is not in\n${ports}`);
    }
    assert.match(ports, /9000\/tcp -> 0\.0\.0\.0:\d+/);
    assert.match(await succeed(engine.docker('ps')), /0\.0\.0\.0:18101->81\/tcp/);
    await using _echo = await echoInside(
      await succeed(engine.docker('inspect', '-f', '{{.NetworkSettings.SandboxKey}}', 'web')),
      53,
    );
    for (const address of ['127.0.0.1', '::1']) assert.equal(await echoed(address, 18120), 'hello');
  },
);

test('a port that is taken is refused, and the error says by whom', needs('root', 'docker'), async () => {
  await using engine = await startEngine();
  await serve(engine, 'first', '-p', '18090:80');
  const again = await engine.docker('run', '--rm', '-p', '18090:80', 'busybox', 'true');
  assert.equal(again.code, 125);
  assert.match(
    again.stderr,
    /Bind for 0\.0\.0\.0:18090 failed: port is already allocated: container first has it/,
  );
  const one = await engine.docker('run', '--rm', '-p', '127.0.0.1:18090:80', 'busybox', 'true');
  assert.match(one.stderr, /container first has it/);

  const held = spawn('busybox', ['nc', '-l', '-p', '18091'], { stdio: 'ignore' });
  try {
    await waitFor(() => holds(18091));
    const taken = await engine.docker('run', '--rm', '-p', '18091:80', 'busybox', 'true');
    assert.match(
      taken.stderr,
      new RegExp(`18091/tcp: address already in use: busybox \\(pid ${held.pid}\\) has it`),
    );
  } finally {
    held.kill();
  }
  const nowhere = await engine.docker('run', '--rm', '-p', '203.0.113.9:18092:80', 'busybox', 'true');
  assert.match(nowhere.stderr, /cannot assign requested address/);
  // The host cannot take what a container has.
  assert.equal(await holds(18090), true);
  assert.deepEqual(await engine.leftovers(await live(engine, 'first')), []);
});

test(
  'published ports outlive the engine, and are as they were when it is back',
  needs('root', 'docker'),
  async () => {
    await using engine = await startEngine();
    await serve(engine, 'web', '-p', '18095:80');
    await serve(engine, 'gone', '-p', '18096:80');
    const pid = await succeed(engine.docker('inspect', '-f', '{{.State.Pid}}', 'gone'));
    await engine.kill9();
    assert.ok(await answerOf('127.0.0.1', '18095'));
    process.kill(Number(pid), 'SIGKILL');
    await engine.start();
    assert.ok(await answerOf('127.0.0.1', '18095'));
    assert.ok(await answerOf('::1', '18095'));
    assert.equal(await answerOf('127.0.0.1', '18096'), undefined);
    const again = await engine.docker('run', '--rm', '-p', '18095:80', 'busybox', 'true');
    assert.match(again.stderr, /container web has it/);
    await succeed(engine.docker('rm', 'gone'));
    assert.deepEqual(await engine.leftovers(await live(engine, 'web')), []);
  },
);

/** A running container for `leftovers`. */
async function live(engine: TestEngine, name: string) {
  const shown = await succeed(engine.docker('inspect', '-f', '{{.Id}} {{.NetworkSettings.IPAddress}}', name));
  const [id = '', address = ''] = shown.split(' ');
  return [{ id, running: true, addresses: [address] }];
}

/** Whether a port of the host is taken. */
function holds(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().on('error', () => resolve(true));
    server.listen(port, '0.0.0.0', () => server.close(() => resolve(false)));
  });
}

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100 && !(await condition()); tries++) await sleep(20);
}
