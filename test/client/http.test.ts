import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionLost } from '../../src/client/errors.ts';
import { HttpConnection, type HttpRequest } from '../../src/client/http.ts';
import { RawServer } from './raw-server.ts';

const get: HttpRequest = { method: 'GET', path: '/x', headers: { Host: 'test' } };

async function ask(
  bytes: string | readonly string[],
  request: HttpRequest = get,
): Promise<{ status: number; body: string }> {
  await using server = await RawServer.start((socket) => {
    void (async () => {
      for (const piece of typeof bytes === 'string' ? [bytes] : bytes) {
        socket.write(Buffer.from(piece, 'latin1'));
        await sleep(2);
      }
      socket.end();
    })();
  });
  const connection = new HttpConnection(connect({ path: server.path, allowHalfOpen: true }));
  try {
    const response = await connection.send(request);
    return { status: response.status, body: (await response.bytes(1e6)).toString('latin1') };
  } finally {
    connection.destroy();
  }
}

suite('HTTP answers', () => {
  test('with a length are read to that length', async () => {
    assert.deepEqual(await ask('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'), {
      status: 200,
      body: 'hello',
    });
  });

  test('in chunks are put together, however the bytes are cut', async () => {
    const whole =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nA: b\r\n\r\n';
    assert.equal((await ask(whole)).body, 'hello world');
    assert.equal((await ask([...whole])).body, 'hello world');
  });

  test('without a length end with the connection', async () => {
    assert.equal((await ask(['HTTP/1.1 200 OK\r\n\r\nhe', 'llo'])).body, 'hello');
  });

  test('to HEAD and of status 204 have no body', async () => {
    const head = { ...get, method: 'HEAD' };
    assert.equal((await ask('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', head)).body, '');
    assert.equal((await ask('HTTP/1.1 204 No Content\r\n\r\n')).body, '');
  });

  test('may be announced by a 100', async () => {
    const text = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na';
    assert.deepEqual(await ask(text), { status: 200, body: 'a' });
  });

  for (const [name, bytes] of [
    ['in the head', 'HTTP/1.1 200 OK\r\nConte'],
    ['in the body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe'],
    ['in a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe'],
    ['before the last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n'],
  ] as const) {
    test(`that break off ${name} are an error`, async () => {
      await assert.rejects(ask(bytes), ConnectionLost);
    });
  }

  for (const bytes of [
    'SSH-2.0-OpenSSH\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  ]) {
    test(`that are not HTTP are an error: ${JSON.stringify(bytes.slice(0, 12))}`, async () => {
      await assert.rejects(ask(bytes), ConnectionLost);
    });
  }

  test('longer than the limit are an error', async () => {
    await using server = await RawServer.start((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n${'x'.repeat(100)}`);
    });
    const connection = new HttpConnection(connect(server.path));
    const response = await connection.send(get);
    await assert.rejects(response.bytes(99), ConnectionLost);
    connection.destroy();
  });
});

suite('an HTTP connection', () => {
  test('can be used again once the answer was read', async () => {
    await using server = await RawServer.start((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    const connection = new HttpConnection(connect(server.path));
    for (let i = 0; i < 3; i++) {
      const response = await connection.send(get);
      assert.equal(connection.reusable, false);
      assert.equal(String(await response.bytes(10)), 'ok');
      assert.equal(connection.reusable, true);
    }
    assert.equal(server.connections, 1);
    connection.destroy();
  });

  test('is not used again when the peer closes it', async () => {
    await using server = await RawServer.start((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok');
    });
    const connection = new HttpConnection(connect(server.path));
    await (await connection.send(get)).bytes(10);
    assert.equal(connection.reusable, false);
  });

  test('sends a stream in chunks, and an answer that comes early is read', async () => {
    let sent = '';
    await using server = await RawServer.start((socket, request) => {
      sent += request;
      socket.on('data', (bytes) => {
        sent += bytes.toString('latin1');
      });
      setTimeout(() => socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nbad'), 20);
    });
    async function* endless(): AsyncGenerator<Uint8Array, void> {
      yield Buffer.from('abc');
      for (;;) {
        await sleep(1);
        yield Buffer.alloc(1000, 'x');
      }
    }
    const connection = new HttpConnection(connect({ path: server.path, allowHalfOpen: true }));
    const response = await connection.send({ ...get, method: 'POST', body: endless() });
    assert.equal(response.status, 400);
    assert.equal(String(await response.bytes(10)), 'bad');
    assert.match(sent, /Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n/);
    connection.destroy();
  });

  test('after an upgrade hands on what came right behind the head', async () => {
    await using server = await RawServer.start((socket) => {
      socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly ');
      socket.on('end', () => socket.end('late'));
    });
    const connection = new HttpConnection(connect({ path: server.path, allowHalfOpen: true }));
    const response = await connection.send({ ...get, method: 'POST' });
    const stream = response.hijack();
    stream.end();
    let text = '';
    for await (const bytes of stream) text += String(bytes);
    assert.equal(text, 'early late');
  });

  test('never lets a header value begin another line', async () => {
    let head = '';
    await using server = await RawServer.start((socket, request) => {
      head = request;
      socket.end('HTTP/1.1 204 No Content\r\n\r\n');
    });
    const connection = new HttpConnection(connect(server.path));
    await (await connection.send({ ...get, headers: { A: 'b\r\nEvil: yes' } })).bytes(0);
    assert.doesNotMatch(head, /\r\nEvil/);
    connection.destroy();
  });
});
