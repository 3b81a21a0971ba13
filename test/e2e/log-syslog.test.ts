import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needs, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { ManagerSocket } from '../linux/manager-socket.ts';
import { eventually } from './support.ts';
import { SyslogServer, UdpServer } from './syslog-server.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

suite('the log driver syslog', needs('root', 'docker', 'openssl'), () => {
  let engine: TestEngine;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'syslog-'));
    engine = await startEngine();
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const run = (name: string, address: string, script: string, ...flags: string[]): Promise<string> =>
    succeed(
      engine.docker(
        ...['run', '-d', '--name', name, '--network', 'none', '--log-driver', 'syslog'],
        ...['--log-opt', `syslog-address=${address}`, ...flags, 'busybox', 'sh', '-c', script],
      ),
    );
  const remove = (name: string): Promise<string> => succeed(engine.docker('rm', '-f', name));
  const numbers = (from: number, to: number): string[] =>
    Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
  /** Without those that came again after a failure. */
  const once = (messages: readonly string[]): string[] => [...new Set(messages)];

  test('sends each line with priority, time and tag, over UDP, and logs gives them too', async () => {
    using server = await UdpServer.listen();
    const id = await run('udp', `udp://127.0.0.1:${server.port}`, 'echo out; sleep 0.1; echo err >&2');
    await eventually('both lines', () => server.datagrams.length === 2);
    const tag = id.slice(0, 12);
    const stamp = '[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d';
    assert.match(server.datagrams[0]!, new RegExp(`^<30>${stamp} ${tag}\\[\\d+\\]: out\\n$`));
    assert.match(server.datagrams[1]!, new RegExp(`^<27>${stamp} ${tag}\\[\\d+\\]: err\\n$`));
    const { stdout, stderr } = await engine.docker('logs', 'udp');
    assert.deepEqual([stdout, stderr], ['out\n', 'err\n']);
  });

  test('formats, facility and tag are as asked for', async () => {
    await using server = await SyslogServer.listen(LOOPBACK);
    const flags = ['--log-opt', 'syslog-facility=local3', '--log-opt', 'tag={{.Name}}'];
    for (const format of ['rfc3164', 'rfc5424', 'rfc5424micro']) {
      await run(
        format,
        `tcp://127.0.0.1:${server.port}`,
        'echo x',
        ...flags,
        '--log-opt',
        `syslog-format=${format}`,
      );
    }
    await eventually('three lines', () => server.text.split('\n').length === 4);
    const lines = server.text.split('\n').sort();
    assert.match(
      lines[1]!,
      /^<158>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z \S+ rfc5424(micro)? \d+ rfc5424(micro)? - x$/,
    );
    assert.match(lines[3]!, /^<158>[A-Z][a-z]{2} [ \d]\d \S{8} \S+ rfc3164\[\d+\]: x$/);
  });

  test('loses no line when server and engine go and come again, and the container does not notice', async () => {
    const path = join(folder, 'log');
    let server: SyslogServer | undefined = await SyslogServer.listen({ path });
    const heard: string[] = [];
    const script = 'i=0; while [ $i -lt 6000 ]; do i=$((i+1)); echo $i; usleep 500; done';
    await run('lossless', `unix://${path}`, script, '--log-opt', 'cache-max-size=10k');
    for (let round = 0; round < 3; round++) {
      await sleep(400);
      heard.push(...server!.messages);
      await server![Symbol.asyncDispose]();
      await sleep(200);
      await engine.kill9();
      await sleep(100);
      await engine.start();
      server = await SyslogServer.listen({ path });
    }
    assert.equal(await succeed(engine.docker('wait', 'lossless')), '0');
    await eventually('the last line', () => [...heard, ...server!.messages].includes('6000'), 30_000);
    heard.push(...server!.messages);
    await server![Symbol.asyncDispose]();
    assert.deepEqual(
      once(heard).sort((a, b) => Number(a) - Number(b)),
      numbers(1, 6000),
    );
  });

  test('a server that is not there holds nothing up, and gets all when it comes', async () => {
    const path = join(folder, 'late');
    const first = await SyslogServer.listen({ path });
    const id = await succeed(
      engine.docker(
        ...['create', '--name', 'late', '--network', 'none', '--log-driver', 'syslog'],
        ...[
          '--log-opt',
          `syslog-address=unix://${path}`,
          '--log-opt',
          'cache-max-size=10k',
          '--log-opt',
          'cache-max-file=2',
        ],
        ...[
          'busybox',
          'sh',
          '-c',
          'for i in 0 1 2 3; do seq $((i*1000+1)) $((i*1000+1000)); usleep 100000; done',
        ],
      ),
    );
    await first[Symbol.asyncDispose]();
    await succeed(engine.docker('start', '-a', 'late'));
    await using server = await SyslogServer.listen({ path });
    await eventually('the last line', () => server.messages.at(-1) === '4000', 30_000);
    assert.deepEqual(once(server.messages), numbers(1, 4000));
    assert.match(engine.log, new RegExp(`waits to be sent.* container=${id}`));
    assert.equal(
      readdirSync(join(engine.identity.dataRoot, 'containers', id)).includes('log-position'),
      true,
    );
  });

  test('a server that takes connections and does not read holds nothing up', async () => {
    await using server = await SyslogServer.listen(LOOPBACK);
    server.reads = false;
    await run('stalled', `tcp://127.0.0.1:${server.port}`, 'seq 1 400000');
    assert.equal(await succeed(engine.docker('wait', 'stalled')), '0');
    assert.equal((await engine.docker('logs', '--tail', '1', 'stalled')).stdout, '400000\n');
    await remove('stalled');
  });

  test('what a container that removes itself wrote last is sent', async () => {
    await using server = await SyslogServer.listen(LOOPBACK);
    const flags = ['--log-driver', 'syslog', '--log-opt', `syslog-address=tcp://127.0.0.1:${server.port}`];
    await succeed(engine.docker('run', '--rm', '--network', 'none', ...flags, 'busybox', 'seq', '5000'));
    await eventually('all of it', () => server.messages.length >= 5000);
    assert.deepEqual(server.messages, numbers(1, 5000));
  });

  test('to a datagram socket, as /dev/log is one', async () => {
    const path = join(folder, 'datagrams');
    using socket = new ManagerSocket(path);
    await run('datagrams', `unixgram://${path}`, 'echo hello');
    const [message] = await eventually('the line', () => {
      const messages = socket.receive();
      return messages.length > 0 && messages;
    });
    assert.match(message!, /^<30>.*: hello\n$/);
  });

  test('long lines are whole up to 16 KiB, and a line without an end comes with the end of the container', async () => {
    await using server = await SyslogServer.listen(LOOPBACK);
    const script = "head -c 12000 /dev/zero | tr '\\0' x; echo; printf end";
    await run('odd', `tcp://127.0.0.1:${server.port}`, script);
    await eventually('both', () => server.messages.length === 2);
    assert.deepEqual(server.messages, ['x'.repeat(12_000), 'end']);
  });

  test('over TLS, to a server whose certificate is trusted', async () => {
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-days', '2'],
        ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
      ],
      { stdio: 'ignore' },
    );
    const tls = { key: readFileSync(key), cert: readFileSync(cert) };
    await using server = await SyslogServer.listen(LOOPBACK, tls);
    const address = `tcp+tls://127.0.0.1:${server.port}`;
    const format = ['--log-opt', 'syslog-format=rfc5424'];
    const distrusting = await run('distrusting', address, 'echo secret', ...format);
    await eventually('it does not trust', () =>
      new RegExp(`waits to be sent.*${distrusting}`).test(engine.log),
    );
    assert.equal(server.text, '');
    await remove('distrusting');
    await run('tls', address, 'echo hello', ...format, '--log-opt', `syslog-tls-ca-cert=${cert}`);
    await eventually('the line', () => server.text.endsWith('hello\n'));
    const [, length, message] = /^(\d+) (.*)$/s.exec(server.text)!;
    assert.equal(Number(length), Buffer.byteLength(message!));
    await run('skip', address, 'echo again', ...format, '--log-opt', 'syslog-tls-skip-verify=1');
    await eventually('the line', () => server.text.endsWith('again\n'));
  });

  test('cache-disabled leaves logs nothing to read', async () => {
    using server = await UdpServer.listen();
    await run('uncached', `udp://127.0.0.1:${server.port}`, 'echo x', '--log-opt', 'cache-disabled=true');
    const result = await engine.docker('logs', 'uncached');
    assert.match(result.stderr, /configured logging driver does not support reading/);
    await eventually('the line', () => server.datagrams.length === 1);
  });

  for (const [options, words] of [
    ['syslog-address=foo', /syslog-address should be in form proto:\/\/address, got foo/],
    ['syslog-address=foo://x', /syslog-address should be in form proto:\/\/address, got foo:\/\/x/],
    ['syslog-address=unix:///nonexist', /stat \/nonexist: no such file or directory/],
    ['syslog-facility=x', /invalid syslog facility/],
    ['syslog-format=x', /Invalid syslog format/],
    ['cache-max-size=x', /invalid value for cache-max-size: x/],
    ['foo=1', /unknown log opt 'foo' for syslog log driver/],
  ] as const) {
    test(`${options} is refused`, async () => {
      const result = await engine.docker('create', '--log-driver', 'syslog', '--log-opt', options, 'busybox');
      assert.match(result.stderr, words);
    });
  }
});
