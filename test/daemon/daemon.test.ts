import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite, test } from 'node:test';
import { needs, request, run, startEngine } from '../harness/index.ts';
import { listeningSocket } from '../linux/listening-socket.ts';
import { ManagerSocket } from '../linux/manager-socket.ts';
import { eventually, RawClient } from './toy.ts';

const BERTHD = resolve(import.meta.dirname, '../../bin/berthd');
const EMPTY = { images: [] } as const;

suite('the engine as a process', needs('root'), () => {
  test('stops on SIGTERM: streams end, socket and pid file go, the exit code is 0', async () => {
    await using engine = await startEngine(EMPTY);
    const pidfile = join(engine.identity.execRoot, 'berthd.pid');
    assert.equal(readFileSync(pidfile, 'utf8'), `${engine.pid}\n`);
    using events = new RawClient(engine.socket);
    events.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
    await events.until('\r\n\r\n');
    assert.equal(await engine.stop(), 0);
    await events.end();
    assert.equal(existsSync(engine.socket), false);
    assert.equal(existsSync(pidfile), false);
  });

  test('keeps its ID over a restart and a crash', async () => {
    await using engine = await startEngine(EMPTY);
    const id = async () => (await engine.request('GET', '/info')).json().ID as string;
    const first = await id();
    assert.match(first, /^[0-9a-f-]{36}$/);
    await engine.restart();
    assert.equal(await id(), first);
    await engine.kill9();
    await engine.start();
    assert.equal(await id(), first);
  });

  test('a second engine on the same folders is refused and does no harm', async () => {
    await using engine = await startEngine(EMPTY);
    const { dataRoot, execRoot } = engine.identity;
    for (const [data, exec] of [
      [dataRoot, `${execRoot}-2`],
      [`${dataRoot}-2`, execRoot],
    ] as const) {
      const second = await run(BERTHD, ['--data-root', data, '--exec-root', exec, '--bridge', 'none']);
      assert.equal(second.code, 1);
      assert.match(second.stderr, new RegExp(`another engine \\(pid ${engine.pid}\\) uses `));
    }
    assert.equal((await engine.request('GET', '/_ping')).status, 200);
    assert.ok(existsSync(join(execRoot, 'berthd.pid')));
  });

  test('takes over a changed configuration on SIGHUP, and keeps the old one when the new one is wrong', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-config-'));
    using _ = { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
    const file = join(folder, 'daemon.json');
    writeFileSync(file, '{"labels": ["a=1"]}');
    await using engine = await startEngine({ ...EMPTY, flags: ['--config-file', file] });
    const info = async () => (await engine.request('GET', '/info')).json();
    assert.deepEqual((await info()).Labels, ['a=1']);

    using events = new RawClient(engine.socket);
    events.write('GET /events?filters={"type":["daemon"]} HTTP/1.1\r\nHost: x\r\n\r\n');
    await events.until('\r\n\r\n');
    writeFileSync(file, '{"labels": ["a=2"], "debug": true, "registry-mirrors": ["https://mirror.example"]}');
    process.kill(engine.pid!, 'SIGHUP');
    await events.until('"Action":"reload"');
    const { Labels, Debug, RegistryConfig } = await info();
    assert.deepEqual([Labels, Debug, RegistryConfig.Mirrors], [['a=2'], true, ['https://mirror.example']]);

    writeFileSync(file, '{"labels": ["a=3"], "nonsense": 1}');
    process.kill(engine.pid!, 'SIGHUP');
    await eventually(() => engine.log.includes('nonsense'));
    assert.deepEqual((await info()).Labels, ['a=2']);
    assert.match(engine.log, /level=error msg="could not reload the configuration: .*nonsense/);
  });

  test('logs JSON when it is told to', async () => {
    await using engine = await startEngine({ ...EMPTY, flags: ['--log-format', 'json'] });
    const lines = engine.log.trim().split('\n');
    const entries = lines.map((line) => JSON.parse(line) as Record<string, string>);
    assert.ok(
      entries.some(({ level, msg }) => level === 'info' && msg === 'Daemon has completed initialization'),
    );
  });

  test('tells the service manager how it is', async () => {
    await using engine = await startEngine(EMPTY);
    await engine.stop();
    const path = join(engine.identity.root, 'notify');
    using manager = new ManagerSocket(path);
    process.env.NOTIFY_SOCKET = path;
    try {
      await engine.start();
    } finally {
      delete process.env.NOTIFY_SOCKET;
    }
    const heard: string[] = [];
    const hears = (text: string) =>
      eventually(() => {
        heard.push(...manager.receive());
        return heard.some((message) => message.split('\n').includes(text));
      });
    await hears('READY=1');
    process.kill(engine.pid!, 'SIGHUP');
    await hears('RELOADING=1');
    await engine.stop();
    await hears('STOPPING=1');
  });

  test('listens on sockets that the service manager opened', async () => {
    await using engine = await startEngine(EMPTY);
    await engine.stop();
    const path = join(engine.identity.root, 'handed-over.sock');
    const fd = listeningSocket(path);
    const { dataRoot, execRoot } = engine.identity;
    const flags = ['--data-root', dataRoot, '--exec-root', execRoot, '--bridge', 'none', '-H', 'fd://'];
    const child = spawn('sh', ['-c', 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@"', BERTHD, ...flags], {
      stdio: ['ignore', 'ignore', 'ignore', fd],
    });
    try {
      const answer = await request(path, 'GET', '/_ping');
      assert.equal(answer.text, 'OK');
    } finally {
      child.kill('SIGTERM');
      await once(child, 'exit');
      closeSync(fd);
    }
  });

  test('mistakes on the command line end it with one clear line', async () => {
    const line = async (...args: string[]) => {
      const { code, stderr } = await run(BERTHD, args);
      return [code, stderr.split('\n')[0]];
    };
    assert.deepEqual(await line('--nonsense'), [1, 'berthd: unknown flag: --nonsense']);
    assert.deepEqual(await line('--config-file', '/nowhere/daemon.json'), [
      1,
      "berthd: unable to read the configuration file /nowhere/daemon.json: ENOENT: no such file or directory, open '/nowhere/daemon.json'",
    ]);
    assert.deepEqual(await line('--group', 'no-such-group'), [1, 'berthd: group no-such-group not found']);
    assert.equal((await run(BERTHD, ['--validate', '--debug'])).stdout, 'configuration OK\n');
    assert.match((await run(BERTHD, ['-v'])).stdout, /^Berth version \d+\.\d+\.\d+, build \S+\n$/);
    assert.match((await run(BERTHD, ['--help'])).stdout, /Usage:\s+berthd \[OPTIONS\]/);
  });
});
