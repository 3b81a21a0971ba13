import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, suite, test } from 'node:test';
import { CannotConnect, Client, Containers, parseHost, tlsFromDir } from '../../src/client/index.ts';
import { needs, run } from '../harness/index.ts';

const dir = mkdtempSync(join(tmpdir(), 'berth-transport-'));
after(() => rmSync(dir, { recursive: true }));

function answer(req: IncomingMessage, res: ServerResponse): void {
  res.writeHead(200, { 'Api-Version': '1.44', 'Content-Type': 'application/json' });
  res.end(req.method === 'HEAD' ? undefined : '[]');
}

async function listening(
  server: Server,
  where: string | number,
): Promise<AsyncDisposable & { port: number }> {
  await new Promise<void>((done) => {
    if (typeof where === 'string') server.listen(where, done);
    else server.listen(where, '127.0.0.1', done);
  });
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

suite('an engine is reached', () => {
  test('over TCP', async () => {
    await using server = await listening(createServer(answer), 0);
    using client = new Client({ endpoint: parseHost(`tcp://127.0.0.1:${server.port}`) });
    assert.deepEqual(await new Containers(client).list(), []);
  });

  test('over TLS, when both sides know each other', needs('openssl'), async () => {
    makeCertificates(dir);
    const read = (name: string) => readFileSync(join(dir, name));
    const options = {
      ca: read('ca.pem'),
      cert: read('server.pem'),
      key: read('server-key.pem'),
      requestCert: true,
    };
    await using server = await listening(createTlsServer(options, answer), 0);
    const host = `tcp://127.0.0.1:${server.port}`;

    using client = new Client({ endpoint: parseHost(host, tlsFromDir(dir, true)) });
    assert.deepEqual(await new Containers(client).list(), []);

    using stranger = new Client({ endpoint: parseHost(host, { verify: true }) });
    await assert.rejects(new Containers(stranger).list(), CannotConnect);

    using trusting = new Client({ endpoint: parseHost(host, { ...tlsFromDir(dir, false), ca: undefined }) });
    assert.deepEqual(await new Containers(trusting).list(), []);
  });

  test('over ssh, through the client on the far side', async () => {
    const socket = join(dir, 'far.sock');
    await using _server = await listening(createServer(answer), socket);
    const bin = join(dir, 'bin');
    execFileSync('mkdir', ['-p', bin]);
    // Stands in for ssh: runs what it is told here, and writes down how it was called.
    writeFileSync(
      join(bin, 'ssh'),
      `#!/bin/sh\necho "$@" > ${dir}/ssh-args\nfor last; do :; done\nexec sh -c "$last"\n`,
    );
    chmodSync(join(bin, 'ssh'), 0o755);
    symlinkSync(resolve(import.meta.dirname, '../../bin/berth'), join(bin, 'berth'));
    const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}`, DOCKER_HOST: `unix://${socket}` };
    const { stdout, stderr, code } = await run(join(bin, 'berth'), ['-H', 'ssh://me@far:2222', 'ps', '-q'], {
      env,
    });
    assert.deepEqual([stdout, stderr, code], ['', '', 0]);
    assert.match(readFileSync(`${dir}/ssh-args`, 'utf8'), /-T -l me -p 2222 -- far sh -c /);

    writeFileSync(join(bin, 'ssh'), '#!/bin/sh\necho "Permission denied (publickey)." >&2\nexit 255\n');
    const refused = await run(join(bin, 'berth'), ['-H', 'ssh://me@far', 'ps'], { env });
    assert.equal(
      refused.stderr,
      'Cannot connect to the Berth engine at ssh://me@far: Permission denied (publickey).\n',
    );
    assert.equal(refused.code, 1);
  });
});

/** A certificate authority, and certificates for both sides. */
function makeCertificates(folder: string): void {
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...key, '-subj', '/CN=ca', '-keyout', 'ca-key.pem', '-out', 'ca.pem');
  for (const [name, keyFile] of [
    ['server', 'server-key'],
    ['cert', 'key'],
  ]) {
    const extensions = ['-addext', 'subjectAltName=IP:127.0.0.1'];
    const issuer = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem'];
    openssl(
      'req',
      '-x509',
      ...key,
      ...issuer,
      ...extensions,
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${keyFile}.pem`,
      '-out',
      `${name}.pem`,
    );
  }
}
