import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignJWT } from 'jose';
import { InvalidArgument } from '../../../src/api/index.ts';
import { needs } from '../../harness/index.ts';
import { basic, Files } from './certificates.ts';
import { pushBlob, pushImage, putManifest, someBytes, TestRegistry } from './registry.ts';

const USERS = { ann: 'a-secret', ben: 'b-secret' };
const ANN = basic('ann', USERS.ann);
const BEN = basic('ben', USERS.ben);

suite('users with passwords', needs('htpasswd'), () => {
  test('lets in who signs in, and nobody else', async () => {
    using files = new Files();
    await using registry = await TestRegistry.start({ auth: { htpasswd: await files.users(USERS) } });
    const challenge = await registry.call('GET', '/v2/');
    assert.equal(challenge.status, 401);
    assert.equal(challenge.code, 'UNAUTHORIZED');
    assert.match(challenge.headers['www-authenticate']!, /^Basic realm="/);
    assert.equal((await registry.call('GET', '/v2/', { headers: ANN })).status, 200);
    for (const headers of [
      basic('ann', 'b-secret'),
      basic('cat', 'a-secret'),
      basic('ann', ''),
      { Authorization: 'Basic !' },
    ]) {
      assert.equal((await registry.call('GET', '/v2/', { headers })).status, 401);
    }
    await pushImage(registry, 'some/image', 'v1', {}, ANN);
    for (const [method, path] of [
      ['GET', '/v2/some/image/manifests/v1'],
      ['GET', '/v2/some/image/tags/list'],
      ['POST', '/v2/some/image/blobs/uploads/'],
      ['DELETE', '/v2/some/image/manifests/v1'],
      ['GET', '/v2/_catalog'],
    ] as const) {
      assert.equal((await registry.call(method, path)).status, 401, `${method} ${path}`);
    }
    const search = await registry.call('GET', '/v1/search?q=image');
    assert.deepEqual(search.json().results, []);
  });

  test('knows a user who is added while it runs, and a changed password at once', async () => {
    using files = new Files();
    const path = await files.users({ ann: 'old' });
    await using registry = await TestRegistry.start({ auth: { htpasswd: path } });
    assert.equal((await registry.call('GET', '/v2/', { headers: basic('ann', 'old') })).status, 200);
    await sleep(1100);
    await files.users({ ann: 'new', ben: 'b' });
    for (const [name, password, status] of [
      ['ann', 'old', 401],
      ['ann', 'new', 200],
      ['ben', 'b', 200],
    ] as const) {
      assert.equal((await registry.call('GET', '/v2/', { headers: basic(name, password) })).status, status);
    }
  });

  test('does not start with a file that holds something else than bcrypt hashes', async () => {
    using files = new Files();
    const path = await files.users(USERS);
    appendFileSync(path, 'cat:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n');
    await assert.rejects(TestRegistry.start({ auth: { htpasswd: path } }), (error: Error) => {
      assert.ok(error instanceof InvalidArgument);
      assert.match(error.message, /line 3/);
      return true;
    });
  });

  test('lets rules decide who may pull, push and delete where', async () => {
    using files = new Files();
    const auth = {
      htpasswd: await files.users(USERS),
      rules: [
        { repositories: ['ann/**'], users: ['ann'], actions: ['pull', 'push', 'delete'] as const },
        { repositories: ['ann/public/*'], users: ['*'], actions: ['pull'] as const },
        { repositories: ['open'], users: ['@anyone'], actions: ['pull'] as const },
        { repositories: ['open', 'drop'], users: ['ben'], actions: ['push'] as const },
      ].map((rule) => ({ ...rule, actions: [...rule.actions] })),
    };
    await using registry = await TestRegistry.start({ auth });
    const secret = await pushImage(registry, 'ann/secret', 'v1', {}, ANN);
    await pushImage(registry, 'ann/public/app', 'v1', {}, ANN);
    await pushImage(registry, 'open', 'v1', {}, BEN);
    const status = async (method: string, path: string, headers = {}) =>
      (await registry.call(method, path, { headers })).status;

    assert.equal(await status('GET', '/v2/ann/secret/manifests/v1', BEN), 403);
    assert.equal(await status('GET', '/v2/ann/secret/manifests/v1'), 401);
    assert.equal(await status('GET', '/v2/ann/public/app/manifests/v1', BEN), 200);
    assert.equal(await status('GET', '/v2/ann/public/app/manifests/v1'), 401);
    assert.equal(await status('POST', '/v2/ann/public/app/blobs/uploads/', BEN), 403);
    assert.equal(await status('GET', '/v2/open/manifests/v1'), 200);
    assert.equal(await status('DELETE', '/v2/open/manifests/v1', BEN), 403);
    assert.equal(await status('POST', '/v2/drop/blobs/uploads/', BEN), 202);
    assert.equal(await status('GET', `/v2/drop/blobs/${secret.layer}`, BEN), 403);
    // A mount is a pull from there: who may not do that has to push the bytes.
    const mount = `/v2/drop/blobs/uploads/?mount=${secret.layer}&from=ann/secret`;
    assert.equal(await status('POST', mount, BEN), 202);
    const allowed = `/v2/ann/other/blobs/uploads/?mount=${secret.layer}&from=ann/secret`;
    assert.equal(await status('POST', allowed, ANN), 201);
    const catalog = await registry.call('GET', '/v2/_catalog', { headers: BEN });
    assert.deepEqual(catalog.json().repositories, ['ann/public/app', 'open']);
    const search = await registry.call('GET', '/v1/search?q=');
    assert.deepEqual(
      search.json().results.map((it: { name: string }) => it.name),
      ['open'],
    );
  });

  test('lets everybody pull where that is wanted', async () => {
    using files = new Files();
    await using registry = await TestRegistry.start({
      auth: { htpasswd: await files.users(USERS), anonymousPull: true },
    });
    const { bytes, layer } = await pushImage(registry, 'image', 'v1', {}, ANN);
    assert.equal((await registry.call('GET', '/v2/image/manifests/v1')).status, 200);
    assert.equal((await registry.call('GET', `/v2/image/blobs/${layer}`)).status, 200);
    assert.equal((await putManifest(registry, 'image', 'v2', bytes)).status, 401);
  });
});

suite('tokens', needs('htpasswd'), () => {
  async function tokenOf(
    registry: TestRegistry,
    query: string,
    headers = {},
  ): Promise<{ Authorization: string }> {
    const answer = await registry.call('GET', `/token?service=berth-registry&${query}`, { headers });
    assert.equal(answer.status, 200);
    assert.equal(answer.json().token, answer.json().access_token);
    return { Authorization: `Bearer ${answer.json().token}` };
  }

  test('gives tokens for what their user may do, and takes them for that alone', async () => {
    using files = new Files();
    const rules = [
      { repositories: ['mine'], users: ['ann'], actions: ['pull' as const, 'push' as const] },
      { repositories: ['open'], users: ['@anyone'], actions: ['pull' as const] },
    ];
    await using registry = await TestRegistry.start({
      auth: { htpasswd: await files.users(USERS), tokens: {}, rules },
    });
    const challenge = await registry.call('POST', '/v2/mine/blobs/uploads/');
    assert.equal(challenge.status, 401);
    const header = challenge.headers['www-authenticate']!;
    assert.match(header, new RegExp(`^Bearer realm="${registry.url}/token",service="berth-registry"`));
    assert.match(header, /scope="repository:mine:pull,push"/);

    const push = await tokenOf(registry, 'scope=repository:mine:pull,push', ANN);
    assert.equal((await registry.call('GET', '/v2/', { headers: push })).status, 200);
    await pushImage(registry, 'mine', 'v1', {}, push);
    const pull = await tokenOf(registry, 'scope=repository:mine:pull', ANN);
    assert.equal((await registry.call('GET', '/v2/mine/manifests/v1', { headers: pull })).status, 200);
    const refused = await registry.call('POST', '/v2/mine/blobs/uploads/', { headers: pull });
    assert.equal(refused.status, 401);
    assert.match(refused.headers['www-authenticate']!, /error="insufficient_scope"/);
    for (const other of [
      await tokenOf(registry, 'scope=repository:mine:pull,push', BEN),
      await tokenOf(registry, 'scope=repository:mine:pull'),
    ]) {
      assert.equal((await registry.call('GET', '/v2/mine/manifests/v1', { headers: other })).status, 401);
    }
    const catalog = await registry.call('GET', '/v2/_catalog', { headers: pull });
    assert.deepEqual(catalog.json().repositories, ['mine']);
    const wrong = await registry.call('GET', '/token?account=ann', { headers: basic('ann', 'wrong') });
    assert.equal(wrong.status, 401);
    assert.match(wrong.headers['www-authenticate']!, /^Basic/);
    assert.equal((await registry.call('GET', '/token?account=ann')).status, 401);

    const form = new URLSearchParams({
      grant_type: 'password',
      username: 'ann',
      password: USERS.ann,
      scope: 'repository:mine:pull',
    });
    const posted = await registry.call('POST', '/token', { body: form.toString() });
    assert.equal(posted.status, 200);
    const bearer = { Authorization: `Bearer ${posted.json().access_token}` };
    assert.equal((await registry.call('GET', '/v2/mine/manifests/v1', { headers: bearer })).status, 200);

    const restarted = await registry.restart();
    assert.equal((await restarted.call('GET', '/v2/mine/manifests/v1', { headers: pull })).status, 200);
    await restarted.stop();
  });

  test('takes tokens of a service whose public key it knows, as long as they are good', async () => {
    using files = new Files();
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const keys = join(files.folder, 'key.pem');
    writeFileSync(keys, publicKey.export({ type: 'spki', format: 'pem' }));
    const tokens = { realm: 'https://auth.example/token', service: 'here', issuer: 'them', keys };
    await using registry = await TestRegistry.start({ auth: { tokens } });
    const challenge = await registry.call('GET', '/v2/');
    assert.match(
      challenge.headers['www-authenticate']!,
      /^Bearer realm="https:\/\/auth\.example\/token",service="here"/,
    );

    const sign = (claims: {
      issuer?: string;
      audience?: string;
      expires?: number;
      key?: typeof privateKey;
      actions?: string[];
    }) =>
      new SignJWT({
        access: [{ type: 'repository', name: 'mine', actions: claims.actions ?? ['pull', 'push'] }],
      })
        .setProtectedHeader({ alg: 'ES256', kid: 'whatever' })
        .setIssuer(claims.issuer ?? 'them')
        .setAudience(claims.audience ?? 'here')
        .setExpirationTime(Math.floor(Date.now() / 1000) + (claims.expires ?? 100))
        .sign(claims.key ?? privateKey);
    const bearer = async (token: string | Promise<string>) => ({ Authorization: `Bearer ${await token}` });
    await pushBlob(registry, 'mine', someBytes(), await bearer(sign({})));
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${(await sign({})).split('.')[1]}.`;
    const shared = await new SignJWT({ access: [] })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer('them')
      .setAudience('here')
      .setExpirationTime('1h')
      .sign(publicKey.export({ type: 'spki', format: 'der' }));
    const bad = [
      sign({ issuer: 'me' }),
      sign({ audience: 'there' }),
      sign({ expires: -100 }),
      sign({ key: other }),
      unsigned,
      shared,
      'x.y.z',
      '',
    ];
    for (const token of bad) {
      const answer = await registry.call('GET', '/v2/', { headers: await bearer(token) });
      assert.equal(answer.status, 401, await token);
    }
    const readOnly = await bearer(sign({ actions: ['pull'] }));
    assert.equal((await registry.call('POST', '/v2/mine/blobs/uploads/', { headers: readOnly })).status, 401);
    assert.equal((await registry.call('GET', '/v2/other/tags/list', { headers: readOnly })).status, 401);
  });
});
