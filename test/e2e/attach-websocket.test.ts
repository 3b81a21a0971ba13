import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, suite, test } from 'node:test';
import { needs, proves, startEngine, type TestEngine, usedRequest } from '../harness/index.ts';
import { create, eventually, expectStatus, inspect, start, wait } from './support.ts';

/** A websocket of Node's own client, which is none of the packages that the engine uses, and what has come over it. */
class Client {
  readonly socket: WebSocket;
  readonly closed: Promise<CloseEvent>;
  text = '';
  readonly kinds = new Set<string>();

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.binaryType = 'arraybuffer';
    this.socket.addEventListener('message', ({ data }) => {
      this.kinds.add(typeof data === 'string' ? 'text' : 'binary');
      this.text += typeof data === 'string' ? data : Buffer.from(data as ArrayBuffer).toString();
    });
    this.closed = new Promise((resolve) => this.socket.addEventListener('close', resolve));
  }

  async opened(): Promise<this> {
    await once(this.socket, 'open');
    return this;
  }
}

suite('attach over a websocket', needs('root'), () => {
  let engine: TestEngine;
  let url: string;
  before(async () => {
    engine = await startEngine({ flags: ['--host', 'tcp://127.0.0.1:0'] });
    url = `ws://${/API listen on tcp:\/\/(127\.0\.0\.1:\d+)/.exec(engine.log)![1]}`;
  });
  after(() => engine[Symbol.asyncDispose]());

  const ALL = 'stdin=1&stdout=1&stderr=1&stream=1';
  const attach = (id: string, query = ALL, version = ''): Promise<Client> => {
    const path = `${version}/containers/${id}/attach/ws?${query}`;
    usedRequest('GET', path);
    return new Client(`${url}${path}`).opened();
  };
  const interactive = { OpenStdin: true };

  test('carries both streams without frames, and the input, and closes when the container ends', async () => {
    proves('GET /containers/{id}/attach/ws');
    const cmd = ['sh', '-c', 'echo out; echo err >&2; read a; echo "got $a"; exit 3'];
    const id = await create(engine, { cmd, config: interactive });
    const client = await attach(id);
    expectStatus(await engine.request('POST', `/containers/${id}/start`), 204);
    await eventually('both lines', () => client.text.length === 'out\nerr\n'.length);
    client.socket.send('hello\n');
    const { code, wasClean } = await client.closed;
    assert.deepEqual([code, wasClean], [1000, true]);
    assert.deepEqual(client.text.split('\n').sort(), ['', 'err', 'got hello', 'out']);
    assert.deepEqual([...client.kinds], ['binary']);
    assert.equal(await wait(engine, id), 3);
  });

  test('a terminal, with its echo and its detach keys', async () => {
    const id = await start(engine, { cmd: ['cat'], config: { ...interactive, Tty: true } });
    const client = await attach(id);
    client.socket.send(Buffer.from('typed\n'));
    await eventually('the echo and the answer', () => client.text === 'typed\r\ntyped\r\n');
    client.socket.send(Buffer.from([0x10, 0x11]));
    assert.equal((await client.closed).code, 1000);
    assert.equal((await inspect(engine, id)).State.Running, true);
  });

  test('gives only the streams that were asked for, from API 1.42 on', async () => {
    const cmd = ['sh', '-c', 'read a; echo out; echo err >&2'];
    for (const [version, text] of [
      ['/v1.42', 'err\n'],
      ['/v1.41', 'out\nerr\n'],
    ] as const) {
      const id = await start(engine, { cmd, config: interactive });
      const client = await attach(id, 'stdin=1&stderr=1&stream=1', version);
      client.socket.send('\n');
      await client.closed;
      assert.equal(client.text.length, text.length, client.text);
    }
  });

  test('messages are text before API 1.28', async () => {
    const id = await start(engine, { cmd: ['sh', '-c', 'read a; echo $a'], config: interactive });
    const client = await attach(id, ALL, '/v1.27');
    client.socket.send('word\n');
    await client.closed;
    assert.deepEqual([client.text, [...client.kinds]], ['word\n', ['text']]);
  });

  test('logs=1 gives what was written before, and ends without stream=1', async () => {
    const id = await start(engine, { cmd: ['sh', '-c', 'echo before'] });
    await wait(engine, id);
    const client = await attach(id, 'logs=1&stdout=1');
    assert.equal((await client.closed).code, 1000);
    assert.equal(client.text, 'before\n');
  });

  test('the end of the client is the end of the input, where the container was made so', async () => {
    const id = await start(engine, { cmd: ['cat'], config: { ...interactive, StdinOnce: true } });
    const client = await attach(id);
    client.socket.send('x');
    await eventually('the answer', () => client.text === 'x');
    client.socket.close();
    assert.equal(await wait(engine, id), 0);
  });

  test('much output comes whole', async () => {
    const id = await create(engine, { cmd: ['seq', '200000'] });
    const client = await attach(id, 'stdout=1&stream=1');
    expectStatus(await engine.request('POST', `/containers/${id}/start`), 204);
    await client.closed;
    const lines = client.text.trimEnd().split('\n');
    assert.deepEqual([lines.length, lines.at(-1)], [200_000, '200000']);
  });

  test('a request that is none for a websocket, and one for no container, are refused', async () => {
    const id = await create(engine);
    const plain = await engine.request('GET', `/containers/${id}/attach/ws`);
    assert.equal(plain.status, 400);
    assert.match(plain.text, /not websocket protocol/);
    const headers = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' };
    const keyless = await engine.request('GET', `/containers/${id}/attach/ws`, { headers });
    assert.equal(keyless.status, 400);
    assert.match(keyless.text, /Sec-WebSocket-Key/);
    const missing = await engine.request('GET', '/containers/nosuch/attach/ws', { headers });
    assert.equal(missing.status, 404);
    const failed = new Client(`${url}/containers/nosuch/attach/ws?${ALL}`);
    assert.notEqual((await failed.closed).code, 1000);
  });
});
