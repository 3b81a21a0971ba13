import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needs, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { eventually } from './support.ts';

const SLEEP = ['busybox', 'sleep', '600'];

const docker = (engine: TestEngine, ...args: string[]) => succeed(engine.docker(...args));
const run = (engine: TestEngine, name: string, network: string, ...flags: string[]) =>
  docker(engine, 'run', '-d', '--name', name, '--network', network, ...flags, ...SLEEP);
const addressOf = (engine: TestEngine, name: string, network: string) =>
  docker(engine, 'inspect', '--format', `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name);

/** The addresses that a name has for a container, sorted; empty when it has none. */
async function lookUp(engine: TestEngine, from: string, name: string, ...more: string[]): Promise<string[]> {
  const { stdout } = await engine.docker('exec', from, 'nslookup', ...more, name);
  const answers = stdout
    .split(/\n\s*\n/)
    .slice(1)
    .join('\n');
  return [...answers.matchAll(/^Address(?: \d+)?: (\S+)/gm)].map(([, address]) => address!).sort();
}

suite('names of containers', needs('root', 'docker'), () => {
  test('lead to them in a network of the user, by name, short ID, alias and network', async () => {
    await using engine = await startEngine();
    await docker(engine, 'network', 'create', 'blue');
    await docker(engine, 'network', 'create', 'red');
    await run(engine, 'ca', 'blue');
    const id = await run(engine, 'cb', 'blue', '--network-alias', 'db', '--hostname', 'backend');
    await run(engine, 'cc', 'red');
    const b = [await addressOf(engine, 'cb', 'blue')];
    for (const name of ['cb', 'CB', id.slice(0, 12), 'db', 'backend', 'cb.blue', 'db.blue']) {
      assert.deepEqual(await lookUp(engine, 'ca', name), b, name);
    }
    assert.deepEqual(await lookUp(engine, 'ca', 'cc'), []);
    assert.match(
      await docker(engine, 'exec', 'ca', 'ping', '-c', '1', '-w', '5', 'db'),
      /1 packets received/,
    );
    const reverse = await docker(engine, 'exec', 'ca', 'nslookup', b[0]!);
    assert.match(reverse, /name = cb\.blue/);
    assert.match(
      await docker(engine, 'exec', 'ca', 'cat', '/etc/resolv.conf'),
      /^nameserver 127\.0\.0\.11$/m,
    );
  });

  test('change at once: when one joins, leaves, is renamed, stops', async () => {
    await using engine = await startEngine();
    await docker(engine, 'network', 'create', 'blue');
    await run(engine, 'ca', 'blue');
    await run(engine, 'cb', 'bridge');
    const before = await docker(engine, 'exec', 'cb', 'cat', '/etc/resolv.conf');
    assert.deepEqual(await lookUp(engine, 'ca', 'cb'), []);
    await docker(engine, 'network', 'connect', '--alias', 'other', 'blue', 'cb');
    const b = [await addressOf(engine, 'cb', 'blue')];
    assert.deepEqual(await lookUp(engine, 'ca', 'cb'), b);
    assert.deepEqual(await lookUp(engine, 'ca', 'other'), b);
    assert.notEqual(await docker(engine, 'exec', 'cb', 'cat', '/etc/resolv.conf'), before);
    assert.deepEqual(await lookUp(engine, 'cb', 'ca'), [await addressOf(engine, 'ca', 'blue')]);
    await docker(engine, 'rename', 'cb', 'cc');
    assert.deepEqual(await lookUp(engine, 'ca', 'cc'), b);
    assert.deepEqual(await lookUp(engine, 'ca', 'cb'), []);
    await docker(engine, 'network', 'disconnect', 'blue', 'cc');
    assert.deepEqual(await lookUp(engine, 'ca', 'cc'), []);
    await docker(engine, 'network', 'connect', 'blue', 'cc');
    assert.deepEqual(await lookUp(engine, 'ca', 'cc'), [await addressOf(engine, 'cc', 'blue')]);
    await docker(engine, 'rm', '-f', 'cc');
    assert.deepEqual(await lookUp(engine, 'ca', 'cc'), []);
  });

  test('are shared by alias, and linked for one container alone', async () => {
    await using engine = await startEngine();
    await docker(engine, 'network', 'create', 'blue');
    for (const name of ['w1', 'w2', 'w3']) await run(engine, name, 'blue', '--network-alias', 'workers');
    await run(engine, 'ca', 'blue', '--link', 'w2:second');
    const all = await Promise.all(['w1', 'w2', 'w3'].map((name) => addressOf(engine, name, 'blue')));
    assert.deepEqual(await lookUp(engine, 'ca', 'workers'), all.toSorted());
    assert.deepEqual(await lookUp(engine, 'ca', 'second'), [all[1]]);
    assert.deepEqual(await lookUp(engine, 'w1', 'second'), []);
  });

  test('have addresses of both families', async () => {
    await using engine = await startEngine();
    await docker(engine, 'network', 'create', '--ipv6', '--subnet', 'fd00:be:27::/64', 'six');
    await run(engine, 'ca', 'six');
    await run(engine, 'cb', 'six');
    const found = await lookUp(engine, 'ca', 'cb');
    assert.equal(found.length, 2);
    assert.equal(found.filter((address) => address.startsWith('fd00:be:27:')).length, 1);
    const reverse = await docker(engine, 'exec', 'ca', 'nslookup', found.find((it) => it.includes(':'))!);
    assert.match(reverse, /name = cb\.six/);
  });

  test('are found again after the engine was killed, without the container', async () => {
    await using engine = await startEngine();
    await docker(engine, 'network', 'create', 'blue');
    await run(engine, 'ca', 'blue');
    await run(engine, 'cb', 'blue');
    const b = [await addressOf(engine, 'cb', 'blue')];
    await engine.kill9();
    await engine.start();
    assert.deepEqual(await lookUp(engine, 'ca', 'cb'), b);
    await docker(engine, 'restart', '-t', '0', 'cb');
    assert.deepEqual(await lookUp(engine, 'ca', 'cb'), [await addressOf(engine, 'cb', 'blue')]);
  });

  test('leave port 53 to a name server in the container', async () => {
    await using engine = await startEngine();
    await docker(engine, 'network', 'create', 'blue');
    const own = ['sh', '-c', 'while true; do nc -l -p 53 -e echo own; done'];
    await docker(engine, 'run', '-d', '--name', 'ca', '--network', 'blue', 'busybox', ...own);
    await run(engine, 'cb', 'blue');
    assert.deepEqual(await lookUp(engine, 'ca', 'cb'), [await addressOf(engine, 'cb', 'blue')]);
    await eventually('the server in the container answers', async () => {
      return (await engine.docker('exec', 'cb', 'nc', '-w', '2', 'ca', '53')).stdout.trim() === 'own';
    });
  });
});

suite('names of others', needs('root', 'docker', 'dnsmasq'), () => {
  test('are asked of the servers that the container has, over UDP and TCP, through its search list', async () => {
    await using engine = await startEngine();
    await docker(engine, 'network', 'create', 'blue');
    const gateway = await docker(
      engine,
      'network',
      'inspect',
      '--format',
      '{{(index .IPAM.Config 0).Gateway}}',
      'blue',
    );
    await using _server = await dnsmasq(gateway, '--address=/one.example/192.0.2.1');
    await run(engine, 'ca', 'blue', '--dns', gateway, '--dns-search', 'example');
    assert.deepEqual(await lookUp(engine, 'ca', 'one.example'), ['192.0.2.1']);
    assert.match(await docker(engine, 'exec', 'ca', 'cat', '/etc/resolv.conf'), /^search example$/m);
    assert.match(
      (await engine.docker('exec', 'ca', 'ping', '-c', '1', '-w', '1', 'one')).stdout,
      /192\.0\.2\.1/,
    );
    await run(engine, 'one', 'blue');
    const own = `PING one (${await addressOf(engine, 'one', 'blue')})`;
    assert.ok((await docker(engine, 'exec', 'ca', 'ping', '-c', '1', 'one')).startsWith(own));
  });

  test('stay unknown in a network without a way out', async () => {
    await using engine = await startEngine();
    await docker(engine, 'network', 'create', '--internal', 'shut');
    await run(engine, 'ca', 'shut');
    await run(engine, 'cb', 'shut');
    assert.deepEqual(await lookUp(engine, 'ca', 'cb'), [await addressOf(engine, 'cb', 'shut')]);
    const { stdout, stderr } = await engine.docker('exec', 'ca', 'nslookup', 'www.example.com');
    assert.match(stdout + stderr, /SERVFAIL/);
  });
});

/** A real name server of the host on one address, until it is disposed. */
async function dnsmasq(address: string, ...flags: string[]): Promise<AsyncDisposable> {
  const own = ['--keep-in-foreground', '--no-resolv', '--no-hosts', '--conf-file=/dev/null', '--pid-file='];
  const where = [`--listen-address=${address}`, '--bind-interfaces', '--except-interface=lo'];
  const child = spawn('dnsmasq', [...own, ...where, ...flags], { stdio: 'inherit' });
  await sleep(300);
  assert.equal(child.exitCode, null, 'dnsmasq runs');
  return {
    async [Symbol.asyncDispose]() {
      child.kill();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
