import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { InvalidEndpoint, parseHost, resolveEndpoint } from '../../src/client/index.ts';

suite('a host', () => {
  test('is a unix socket, a TCP address or a machine reached by ssh', () => {
    assert.deepEqual(parseHost('unix:///a/b.sock'), {
      kind: 'unix',
      host: 'unix:///a/b.sock',
      path: '/a/b.sock',
    });
    assert.partialDeepStrictEqual(parseHost('tcp://h:99'), {
      kind: 'tcp',
      hostname: 'h',
      port: 99,
      basePath: '',
    });
    assert.partialDeepStrictEqual(parseHost('tcp://[::1]:99/base/'), {
      hostname: '::1',
      port: 99,
      basePath: '/base',
    });
    assert.partialDeepStrictEqual(parseHost(':99'), {
      kind: 'tcp',
      hostname: 'localhost',
      port: 99,
      host: 'tcp://:99',
    });
    assert.partialDeepStrictEqual(parseHost('ssh://me@h:22'), {
      kind: 'ssh',
      user: 'me',
      hostname: 'h',
      port: '22',
    });
    assert.partialDeepStrictEqual(parseHost('ssh://h/run/x.sock'), { hostname: 'h', path: '/run/x.sock' });
  });

  test('over TCP has the usual port, another one with TLS', () => {
    assert.partialDeepStrictEqual(parseHost('tcp://h'), { port: 2375 });
    assert.partialDeepStrictEqual(parseHost('tcp://h', { verify: true }), { port: 2376 });
  });

  for (const bad of ['foo://x', 'tcp://h:0', 'tcp://h:99999', 'ssh://-oProxyCommand=x', 'ssh://', 'fd://']) {
    test(`cannot be ${bad}`, () => {
      assert.throws(() => parseHost(bad), InvalidEndpoint);
    });
  }
});

suite('the endpoint', () => {
  const dir = mkdtempSync(join(tmpdir(), 'berth-context-'));
  after(() => rmSync(dir, { recursive: true }));
  const id = createHash('sha256').update('far').digest('hex');
  mkdirSync(join(dir, 'contexts/meta', id), { recursive: true });
  mkdirSync(join(dir, 'contexts/tls', id, 'docker'), { recursive: true });
  const meta = {
    Name: 'far',
    Metadata: {},
    Endpoints: { docker: { Host: 'tcp://far:1234', SkipTLSVerify: false } },
  };
  writeFileSync(join(dir, 'contexts/meta', id, 'meta.json'), JSON.stringify(meta));
  writeFileSync(join(dir, 'contexts/tls', id, 'docker/ca.pem'), 'x');
  const from = async (options: Parameters<typeof resolveEndpoint>[0]) => {
    const { endpoint, context } = await resolveEndpoint({ configDir: dir, ...options });
    return [endpoint.host, context];
  };

  test('comes from the flag, BERTH_HOST, DOCKER_HOST, the context, in this order', async () => {
    const env = { BERTH_HOST: 'unix:///b', DOCKER_HOST: 'unix:///d', DOCKER_CONTEXT: 'far' };
    assert.deepEqual(await from({ host: 'unix:///f', env }), ['unix:///f', 'default']);
    assert.deepEqual(await from({ env }), ['unix:///b', 'default']);
    assert.deepEqual(await from({ env: { ...env, BERTH_HOST: '' } }), ['unix:///d', 'default']);
    assert.deepEqual(await from({ env: { DOCKER_CONTEXT: 'far' } }), ['tcp://far:1234', 'far']);
    assert.deepEqual(await from({ env: {}, config: () => ({ currentContext: 'far' }) }), [
      'tcp://far:1234',
      'far',
    ]);
    assert.deepEqual(await from({ env, context: 'far' }), ['tcp://far:1234', 'far']);
  });

  test('of a context brings its certificates', async () => {
    const { endpoint } = await resolveEndpoint({ configDir: dir, env: {}, context: 'far' });
    const ca = join(dir, 'contexts/tls', id, 'docker/ca.pem');
    assert.partialDeepStrictEqual(endpoint, { tls: { ca, cert: undefined, key: undefined, verify: true } });
  });

  test('takes certificates from DOCKER_CERT_PATH when DOCKER_TLS_VERIFY is set', async () => {
    const certs = join(dir, 'contexts/tls', id, 'docker');
    const env = { DOCKER_HOST: 'tcp://h', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: certs };
    const { endpoint } = await resolveEndpoint({ configDir: dir, env });
    assert.partialDeepStrictEqual(endpoint, { port: 2376, tls: { ca: join(certs, 'ca.pem'), verify: true } });
  });

  test('cannot be a context that does not exist, nor a host and a context', async () => {
    await assert.rejects(from({ env: {}, context: 'nope' }), InvalidEndpoint);
    await assert.rejects(from({ env: {}, context: 'far', host: 'unix:///x' }), InvalidEndpoint);
  });

  test('is a local socket when nothing else is said', async () => {
    const { endpoint } = await resolveEndpoint({ configDir: dir, env: {} });
    assert.equal(endpoint.kind, 'unix');
  });
});
