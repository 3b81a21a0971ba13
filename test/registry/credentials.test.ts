import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { Internal, NotFound } from '../../src/api/index.ts';
import { ANONYMOUS, type Credentials } from '../../src/registry/index.ts';
import type { ImageSpec } from '../engine/images/fixtures.ts';
import { needs } from '../harness/index.ts';
import { startDockerRegistry, type TestRegistry } from './docker-registry.ts';
import { type Fault, startFaultProxy } from './fault-proxy.ts';
import { openPuller, threeLayers } from './fixtures.ts';
import { Publisher } from './publish.ts';

const ADA: Credentials = { ...ANONYMOUS, username: 'ada', password: 's3cret' };
const BASIC = `Basic ${Buffer.from('ada:s3cret').toString('base64')}`;

/** A server of a test's own. */
async function serve(listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

suite('proving to a registry who one is', needs('root', 'docker-registry'), () => {
  let registry: TestRegistry;
  let spec: ImageSpec;
  before(async () => {
    registry = await startDockerRegistry();
    spec = await threeLayers(40);
    await new Publisher(registry.url).image('app', 'latest', spec);
  });
  after(() => registry[Symbol.asyncDispose]());

  /** Lets in only who brings `authorization`; says to the others how to come by it. */
  const guarded =
    (authorization: string, challenge: string): Fault =>
    ({ req, res, pass }) => {
      if (req.headers.authorization === authorization) return pass();
      res
        .writeHead(401, { 'WWW-Authenticate': challenge })
        .end('{"errors":[{"code":"UNAUTHORIZED","message":"who?"}]}');
    };

  test('by password, to the registry and never to the host that it redirects to', async () => {
    const elsewhere: (string | undefined)[] = [];
    await using storage = await serve((req, res) => {
      elsewhere.push(req.headers.authorization);
      void fetch(`${registry.url}${req.url}`).then(async (answer) => {
        res.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
      });
    });
    const guard = guarded(BASIC, 'Basic realm="test"');
    await using proxy = await startFaultProxy(registry.host, (exchange) => {
      const { req, res } = exchange;
      const isKnown = req.headers.authorization === BASIC;
      if (isKnown && req.url!.includes('/blobs/'))
        return void res.writeHead(307, { Location: `${storage.url}${req.url}` }).end();
      return guard(exchange);
    });
    await using own = await openPuller();
    await own.pull(`${proxy.host}/app`, { credentials: ADA });
    assert.equal(own.images.inspect(`${proxy.host}/app`).Id, spec.id);
    assert.equal(elsewhere.length, 4, 'the config and three layers');
    assert.ok(elsewhere.every((authorization) => authorization === undefined));
    await assert.rejects(own.pull(`${proxy.host}/app`), (error: Error) => {
      assert.ok(error instanceof Internal);
      assert.match(error.message, /no basic auth credentials/);
      return true;
    });
  });

  for (const [name, credentials] of [
    ['as nobody', ANONYMOUS],
    ['by password', ADA],
    ['by identity token', { ...ANONYMOUS, identityToken: 'lasting' }],
  ] as const) {
    test(`by a token, which is asked for ${name}`, async () => {
      const asked: { method: string; url: URL; authorization: string | undefined; body: string }[] = [];
      await using tokens = await serve((req, res) => {
        let body = '';
        req.on('data', (chunk) => {
          body += String(chunk);
        });
        req.on('end', () => {
          const url = new URL(req.url!, 'http://tokens');
          asked.push({ method: req.method!, url, authorization: req.headers.authorization, body });
          res.end(JSON.stringify({ token: 'for-now', expires_in: 300 }));
        });
      });
      const challenge = `Bearer realm="${tokens.url}/token",service="test registry",scope="repository:app:pull"`;
      await using proxy = await startFaultProxy(registry.host, guarded('Bearer for-now', challenge));
      await using own = await openPuller();
      await own.pull(`${proxy.host}/app`, { credentials });
      assert.equal(asked.length, 1, 'one token for everything');
      const [{ method, url, authorization, body }] = asked as [(typeof asked)[0]];
      const fields = method === 'POST' ? new URLSearchParams(body) : url.searchParams;
      assert.equal(fields.get('scope'), 'repository:app:pull');
      assert.equal(fields.get('service'), 'test registry');
      assert.equal(authorization, credentials === ADA ? BASIC : undefined);
      if (credentials.identityToken) assert.equal(fields.get('refresh_token'), 'lasting');
      else assert.equal(method, 'GET');
    });
  }

  test('a refusal is said as Docker says it', async () => {
    await using proxy = await startFaultProxy(registry.host, ({ res }) => {
      res
        .writeHead(403)
        .end('{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}');
    });
    await using own = await openPuller();
    await assert.rejects(own.pull(`${proxy.host}/app`, { credentials: ADA }), (error: Error) => {
      assert.ok(error instanceof NotFound);
      assert.match(
        error.message,
        /^pull access denied for 127.*\/app, repository does not exist or may require 'docker login': denied: requested access/,
      );
      return true;
    });
  });
});
