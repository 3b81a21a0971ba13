import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { boolean, number, object, optional, string } from 'valibot';
import { Conflict, formatApiVersion, NotModified, StartFailed } from '../../src/api/index.ts';
import type { Router } from '../../src/daemon/server/router.ts';
import { type Answer, request } from '../harness/http.ts';
import { eventually, RawClient, startToy, type Toy } from './toy.ts';

const SCHEMA = object({
  Name: optional(string(), 'none'),
  Size: optional(number()),
  Deep: optional(object({ On: boolean() })),
});

const seen = { aborted: 0, chunks: 0 };

function routes(router: Router): void {
  router.get('/version-of', (ctx) => ctx.send(200, formatApiVersion(ctx.version)));
  router.get('/things/{name}/json', (ctx) => ctx.send(200, { name: ctx.params.name, html: '<&>' }));
  router.post('/body', async (ctx) => ctx.send(200, await ctx.json(SCHEMA, 1000)));
  router.get('/query', (ctx) =>
    ctx.send(200, { yes: ctx.bool('yes'), on: ctx.bool('on', true), count: ctx.int('count', 7) }),
  );
  router.get('/filters', (ctx) => ctx.send(200, ctx.filters(['name']).values('name')));
  router.get('/conflict', () => {
    throw new Conflict('the name "x" is taken');
  });
  router.post('/unmodified', () => {
    throw new NotModified('it runs');
  });
  router.get('/start-failed', () => {
    throw new StartFailed(127, 'executable file not found');
  });
  router.get('/defect', () => {
    throw new TypeError('x is not a function');
  });
  router.delete('/nothing', (ctx) => ctx.send(204));
  router.get('/silent', () => {});
  router.get('/endless', async (ctx) => {
    ctx.signal.addEventListener('abort', () => seen.aborted++);
    const stream = ctx.stream('application/json');
    await stream.writeJson({ first: true });
    await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
  });
  router.get('/flood', async (ctx) => {
    const stream = ctx.stream('application/octet-stream');
    const chunk = Buffer.alloc(65_536);
    for (; seen.chunks < 10_000 && !stream.closed; seen.chunks++) await stream.write(chunk);
  });
  router.post('/progress', async (ctx) => {
    const progress = ctx.progress();
    if (ctx.bool('early')) throw new Conflict('at once');
    await progress.write({ status: 'one' });
    if (ctx.bool('late')) throw new Conflict('in the middle');
    await progress.write({ status: 'two' });
  });
}

suite('the HTTP server', () => {
  let toy: Toy;
  before(async () => {
    toy = await startToy(routes);
  });
  after(() => toy[Symbol.asyncDispose]());

  const get = (path: string): Promise<Answer> => request(toy.socket, 'GET', path);
  const post = (text: string | object, type?: string): Promise<Answer> =>
    request(toy.socket, 'POST', '/body', {
      body: text,
      ...(type ? { headers: { 'Content-Type': type } } : {}),
    });

  test('every path is there with and without a version', async () => {
    assert.equal((await get('/version-of')).json(), '1.55');
    assert.equal((await get('/v1.24/version-of')).json(), '1.24');
    assert.equal((await get('/v1.41/things/a/b%2Fc/json')).json().name, 'a/b/c');
  });

  test('versions out of range are refused in words that clients know', async () => {
    const late = await get('/v1.56/version-of');
    assert.equal(late.status, 400);
    assert.equal(
      late.json().message,
      'client version 1.56 is too new. Maximum supported API version is 1.55',
    );
    const early = await get('/v1.23/version-of');
    assert.equal(early.status, 400);
    assert.equal(
      early.json().message,
      'client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
    );
  });

  test('an unknown path and a wrong method are the same 404', async () => {
    for (const [method, path] of [
      ['GET', '/nowhere'],
      ['PUT', '/body'],
      ['GET', '/v1.40/'],
      ['HEAD', '/query'],
    ] as const) {
      const answer = await request(toy.socket, method, path);
      assert.equal(answer.status, 404, path);
      assert.equal(answer.text, method === 'HEAD' ? '' : '{"message":"page not found"}\n');
    }
  });

  test('every answer has the headers of the engine, errors too', async () => {
    for (const path of ['/version-of', '/nowhere', '/defect', '/v9.9/query']) {
      const { headers } = await get(path);
      assert.equal(headers['api-version'], '1.55');
      assert.equal(headers['ostype'], 'linux');
      assert.match(String(headers.server), /^Docker\/\S+ \(linux\)$/);
      assert.equal(headers['content-type'], 'application/json');
    }
  });

  test('JSON is not escaped for HTML and ends with a newline', async () => {
    assert.equal((await get('/things/x/json')).text, '{"name":"x","html":"<&>"}\n');
  });

  test('what a handler throws becomes an answer by its class', async () => {
    const conflict = await get('/conflict');
    assert.deepEqual([conflict.status, conflict.json()], [409, { message: 'the name "x" is taken' }]);
    assert.equal((await get('/start-failed')).status, 400);
    assert.deepEqual(
      [(await get('/defect')).status, (await get('/defect')).json().message],
      [500, 'x is not a function'],
    );
    assert.ok(toy.log.some((line) => line.includes('/defect') && line.includes('stack=')));
  });

  test('answers without a body have none', async () => {
    const unmodified = await request(toy.socket, 'POST', '/unmodified');
    assert.deepEqual([unmodified.status, unmodified.text], [304, '']);
    const none = await request(toy.socket, 'DELETE', '/nothing');
    assert.deepEqual([none.status, none.text, none.headers['content-type']], [204, '', undefined]);
    assert.equal((await get('/silent')).status, 200);
    const options = await request(toy.socket, 'OPTIONS', '/anything/at/all');
    assert.deepEqual([options.status, options.text], [200, '']);
  });

  test('JSON bodies are checked as dockerd does', async () => {
    assert.deepEqual((await post({ Name: 'x' })).json(), { Name: 'x' });
    assert.deepEqual((await post('{}', 'application/json; charset=utf-8')).json(), { Name: 'none' });
    assert.deepEqual((await post('')).json(), { Name: 'none' });
    assert.deepEqual((await post('null', 'application/json')).json(), { Name: 'none' });

    const refused: [string, string | undefined, RegExp][] = [
      ['{}', 'text/plain', /^unsupported Content-Type header \(text\/plain\): must be 'application\/json'$/],
      ['{}', undefined, /^unsupported Content-Type header \(\)/],
      ['{"Name":', 'application/json', /^invalid JSON: /],
      ['{} {}', 'application/json', /^unexpected content after JSON$/],
      ['  ', 'application/json', /^invalid JSON: got EOF while reading request body$/],
      ['{"Name":1}', 'application/json', /^invalid JSON: Name: /],
      ['{"Deep":{"On":"x"}}', 'application/json', /^invalid JSON: Deep\.On: /],
      [`{"Name":"${'x'.repeat(2000)}"}`, 'application/json', /too large/],
    ];
    for (const [text, type, message] of refused) {
      const answer = await post(text, type);
      assert.equal(answer.status, 400, text);
      assert.match(answer.json().message, message);
    }
  });

  test('a chunked body is limited too', async () => {
    using client = new RawClient(toy.socket);
    client.write(
      'POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    client.write(`7d0\r\n${' '.repeat(2000)}\r\n0\r\n\r\n`);
    assert.match(await client.until('too large'), /^HTTP\/1.1 400 /);
  });

  test("query parameters follow Docker's rules", async () => {
    assert.deepEqual((await get('/query')).json(), { yes: false, on: true, count: 7 });
    assert.deepEqual((await get('/query?yes=1&on=False&count=-1')).json(), {
      yes: true,
      on: false,
      count: -1,
    });
    assert.deepEqual((await get('/query?yes&on=none&count=')).json(), { yes: false, on: false, count: 7 });
    assert.equal((await get('/query?count=ten')).status, 400);
    assert.deepEqual((await get(`/filters?filters=${encodeURIComponent('{"name":["a"]}')}`)).json(), ['a']);
    assert.equal((await get(`/filters?filters=${encodeURIComponent('{"nome":["a"]}')}`)).status, 400);
    assert.equal((await get('/filters?filters=x')).status, 400);
  });

  test('several requests share a connection', async () => {
    using client = new RawClient(toy.socket);
    for (let round = 0; round < 3; round++) {
      client.write('GET /v1.40/version-of HTTP/1.1\r\nHost: x\r\n\r\n');
      const head = await client.until('"1.40"\n');
      assert.match(head, /^HTTP\/1.1 200 OK/);
      assert.doesNotMatch(head, /Keep-Alive: timeout/);
    }
  });

  test('headers of a stream go out at once, and the handler learns that the client has gone', async () => {
    using client = new RawClient(toy.socket);
    client.write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.match(await client.until('{"first":true}'), /Transfer-Encoding: chunked/i);
    const { aborted } = seen;
    client.socket.destroy();
    await eventually(() => seen.aborted === aborted + 1);
  });

  test('a reader that stops makes the writer wait', async () => {
    seen.chunks = 0;
    using client = new RawClient(toy.socket);
    client.socket.pause();
    client.write('GET /flood HTTP/1.1\r\nHost: x\r\n\r\n');
    await eventually(() => seen.chunks > 0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.ok(seen.chunks < 100, `${seen.chunks} chunks of 64 KiB were written`);
  });

  test('an error of a progress stream is an answer before its first line and a line after it', async () => {
    const whole = await request(toy.socket, 'POST', '/progress');
    assert.equal(whole.text, '{"status":"one"}\n{"status":"two"}\n');
    const early = await request(toy.socket, 'POST', '/progress?early=1');
    assert.deepEqual([early.status, early.json()], [409, { message: 'at once' }]);
    const late = await request(toy.socket, 'POST', '/progress?late=1');
    assert.equal(late.status, 200);
    assert.equal(
      late.text,
      '{"status":"one"}\n{"errorDetail":{"message":"in the middle"},"error":"in the middle"}\n',
    );
  });

  test('what is not HTTP is refused', async () => {
    using client = new RawClient(toy.socket);
    client.write('hello\r\n\r\n');
    await client.until('HTTP/1.1 400 Bad Request');
    await client.end();
  });
});
