import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { Conflict, InvalidArgument } from '../../src/api/index.ts';
import { resolveGroup } from '../../src/daemon/listen/group.ts';
import { parseHost } from '../../src/daemon/listen/host.ts';
import { listen } from '../../src/daemon/listen/listener.ts';
import { tlsOptions } from '../../src/daemon/listen/tls.ts';
import { succeed } from '../harness/command.ts';
import { needs, request, run } from '../harness/index.ts';
import { startToy } from './toy.ts';

suite('addresses to listen on', () => {
  test('are read as dockerd does', () => {
    assert.deepEqual(parseHost('unix:///run/x.sock', false), { kind: 'unix', path: '/run/x.sock' });
    assert.deepEqual(parseHost('tcp://0.0.0.0:1234', false), { kind: 'tcp', host: '0.0.0.0', port: 1234 });
    assert.deepEqual(parseHost('tcp://', false), { kind: 'tcp', host: 'localhost', port: 2375 });
    assert.deepEqual(parseHost('tcp://10.0.0.1', true), { kind: 'tcp', host: '10.0.0.1', port: 2376 });
    assert.deepEqual(parseHost('tcp://[::1]:0', false), { kind: 'tcp', host: '::1', port: 0 });
    assert.deepEqual(parseHost('127.0.0.1:99', false), { kind: 'tcp', host: '127.0.0.1', port: 99 });
    assert.deepEqual(parseHost('fd://', false), { kind: 'fd', name: '' });
    for (const text of [
      'unix://relative',
      'npipe:////./pipe/x',
      'tcp://a:b',
      'tcp://a:70000',
      'tcp://a:1/x',
    ]) {
      assert.throws(() => parseHost(text, false), InvalidArgument, text);
    }
  });

  test('groups are found by name and number', () => {
    assert.equal(resolveGroup('root'), 0);
    assert.equal(resolveGroup('1234'), 1234);
    assert.throws(() => resolveGroup('no-such-group'), {
      name: 'InvalidArgument',
      message: 'group no-such-group not found',
    });
  });
});

suite('unix sockets', () => {
  test('belong to the group, and nobody else may connect', needs('root'), async () => {
    await using toy = await startToy(() => {});
    const path = join(toy.folder, 'other.sock');
    const [listener] = await listen({ kind: 'unix', path }, { api: toy.api, gid: 4321 });
    const { mode, gid } = statSync(path);
    assert.deepEqual([mode & 0o777, gid], [0o660, 4321]);
    listener!.stop();
  });

  test('a socket that nobody listens on is replaced, a live one and other files are not', async () => {
    await using toy = await startToy(() => {});
    await assert.rejects(listen({ kind: 'unix', path: toy.socket }, { api: toy.api, gid: 0 }), Conflict);
    assert.equal((await request(toy.socket, 'GET', '/')).status, 404);

    const file = join(toy.folder, 'file');
    writeFileSync(file, 'mine');
    await assert.rejects(listen({ kind: 'unix', path: file }, { api: toy.api, gid: 0 }), Conflict);
    assert.equal(readFileSync(file, 'utf8'), 'mine');

    const stale = join(toy.folder, 'stale.sock');
    const child = `require('net').createServer().listen(${JSON.stringify(stale)}, () => process.kill(process.pid, 'SIGKILL'))`;
    await run(process.execPath, ['-e', child]);
    assert.ok(statSync(stale).isSocket());
    const [listener] = await listen({ kind: 'unix', path: stale }, { api: toy.api, gid: 0 });
    assert.equal((await request(stale, 'GET', '/')).status, 404);
    listener!.stop();
  });

  test('a path that does not fit into an address is refused', async () => {
    await using toy = await startToy(() => {});
    const path = join(toy.folder, 'x'.repeat(120));
    await assert.rejects(listen({ kind: 'unix', path }, { api: toy.api, gid: 0 }), InvalidArgument);
  });
});

suite('TCP', () => {
  test('a port that is taken is an error', async () => {
    await using toy = await startToy(() => {});
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    await assert.rejects(listen({ kind: 'tcp', host: '127.0.0.1', port }, { api: toy.api, gid: 0 }), {
      code: 'EADDRINUSE',
    });
    taken.close();
  });
});

suite('TLS', needs('openssl'), () => {
  let folder: string;
  const path = (name: string) => join(folder, name);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'berth-tls-'));
    const openssl = (...args: string[]) => succeed(run('openssl', args));
    await openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=ca',
      '-days',
      '2',
      '-keyout',
      path('ca-key.pem'),
      '-out',
      path('ca.pem'),
    );
    for (const [name, extension] of [
      ['server', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
      ['client', 'extendedKeyUsage=clientAuth'],
    ] as const) {
      writeFileSync(path('extension'), extension);
      await openssl(
        'req',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-subj',
        `/CN=${name}`,
        '-keyout',
        path(`${name}-key.pem`),
        '-out',
        path('request'),
      );
      await openssl(
        'x509',
        '-req',
        '-in',
        path('request'),
        '-CA',
        path('ca.pem'),
        '-CAkey',
        path('ca-key.pem'),
        '-CAcreateserial',
        '-days',
        '2',
        '-extfile',
        path('extension'),
        '-out',
        path(`${name}.pem`),
      );
      chmodSync(path(`${name}-key.pem`), 0o600);
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const files = (verify: boolean) => ({
    verify,
    ca: path('ca.pem'),
    cert: path('server.pem'),
    key: path('server-key.pem'),
  });
  const client = () => ({
    ca: readFileSync(path('ca.pem')),
    cert: readFileSync(path('client.pem')),
    key: readFileSync(path('client-key.pem')),
  });

  /** The status of a request to a `tcp://` address. */
  function status(url: string, options: https.RequestOptions): Promise<number> {
    return new Promise((resolve, reject) => {
      https
        .get(url.replace('tcp:', 'https:'), { ...options, agent: false }, (answer) => {
          answer.resume();
          resolve(answer.statusCode!);
        })
        .on('error', reject);
    });
  }

  test('clients are let in with a certificate of the authority only', async () => {
    await using toy = await startToy(
      (router) => router.get('/_ping', (ctx) => ctx.sendText(200, 'OK')),
      tlsOptions(files(true)),
    );
    const url = `${toy.listeners[1]!.url}/_ping`;
    assert.equal(await status(url, client()), 200);
    await assert.rejects(status(url, { ca: client().ca }));
    await assert.rejects(status(url, { cert: client().cert, key: client().key }), {
      code: 'SELF_SIGNED_CERT_IN_CHAIN',
    });
  });

  test('without verification any client is let in', async () => {
    await using toy = await startToy(
      (router) => router.get('/_ping', (ctx) => ctx.sendText(200, 'OK')),
      tlsOptions(files(false)),
    );
    assert.equal(await status(`${toy.listeners[1]!.url}/_ping`, { ca: client().ca }), 200);
  });

  test('docker talks to it, hijacked streams included', needs('docker'), async () => {
    await using toy = await startToy(
      (router) => {
        router.get('/_ping', (ctx) => ctx.sendText(200, 'OK'));
        router.post('/containers/{id}/exec', (ctx) => ctx.send(201, { Id: 'e1' }));
        router.get('/containers/{id}/json', (ctx) =>
          ctx.send(200, { Id: 'c', State: { Running: true }, Config: {} }),
        );
        router.get('/exec/{id}/json', (ctx) => ctx.send(200, { ExitCode: 0 }));
        router.post('/exec/{id}/start', async (ctx) => {
          const stream = await ctx.hijack('application/vnd.docker.multiplexed-stream');
          let input = '';
          stream.on('data', (chunk: Buffer) => {
            input += chunk;
          });
          await once(stream, 'end');
          stream.end(Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, input.length]), Buffer.from(input)]));
        });
      },
      tlsOptions(files(true)),
    );
    const flags = [
      '--tlsverify',
      '--tlscacert',
      path('ca.pem'),
      '--tlscert',
      path('client.pem'),
      '--tlskey',
      path('client-key.pem'),
    ];
    const args = ['-H', toy.listeners[1]!.url, ...flags, 'exec', '-i', 'c', 'cat'];
    const env = { ...process.env, DOCKER_CONFIG: folder };
    assert.equal(await succeed(run('docker', args, { input: 'over TLS', timeout: 10_000, env })), 'over TLS');
  });

  test('a file that cannot be read is named', () => {
    assert.throws(
      () => tlsOptions({ ...files(true), key: path('absent.pem') }),
      (error: Error) => {
        assert.ok(error instanceof InvalidArgument);
        return /absent\.pem/.test(error.message);
      },
    );
  });
});
