import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CannotConnect,
  Client,
  ConnectionLost,
  Containers,
  EngineError,
  parseHost,
  System,
} from '../../src/client/index.ts';
import { RawServer } from './raw-server.ts';

const PING = 'HTTP/1.1 200 OK\r\nApi-Version: 1.44\r\nOstype: linux\r\nContent-Length: 0\r\n\r\n';

function answer(status: string, body: string): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** A client of a server that answers the ping, and `reply` to everything else. */
async function served(
  reply: string | ((request: string) => string),
  use: (client: Client, seen: string[]) => Promise<void>,
) {
  const seen: string[] = [];
  await using server = await RawServer.start((socket, request) => {
    if (request.startsWith('HEAD /_ping')) return void socket.write(PING);
    seen.push(request);
    socket.write(typeof reply === 'string' ? reply : reply(request));
  });
  using client = new Client({ endpoint: parseHost(`unix://${server.path}`) });
  await use(client, seen);
}

suite('a client', () => {
  test('speaks the highest version that both sides know', async () => {
    await served(answer('200 OK', '[]'), async (client, seen) => {
      assert.deepEqual(await new Containers(client).list({ all: true }), []);
      assert.match(seen[0]!, /^GET \/v1\.44\/containers\/json\?all=1 HTTP\/1\.1\r\n/);
    });
  });

  test("throws the engine's own text with its status", async () => {
    await served(answer('404 Not Found', '{"message":"No such container: x"}'), async (client) => {
      await assert.rejects(new Containers(client).inspect('x'), (error) => {
        assert.ok(error instanceof EngineError);
        assert.equal(error.status, 404);
        assert.equal(error.message, 'No such container: x');
        return true;
      });
    });
  });

  test('escapes names, so that none reaches another call', async () => {
    await served(answer('200 OK', '{}'), async (client, seen) => {
      await new Containers(client).inspect('../images/x?a=b');
      assert.match(seen[0]!, /^GET \/v1\.44\/containers\/\.\.%2Fimages%2Fx%3Fa%3Db\/json /);
    });
  });

  test('says who is not there', async () => {
    using client = new Client({ endpoint: parseHost('unix:///nowhere/berth.sock') });
    await assert.rejects(client.ping(), (error) => {
      assert.ok(error instanceof CannotConnect);
      assert.match(error.message, /unix:\/\/\/nowhere\/berth\.sock.*berthd/);
      return true;
    });
  });

  test('reports an engine that is lost in the middle of a stream', async () => {
    await using server = await RawServer.start((socket, request) => {
      if (request.startsWith('HEAD')) return void socket.write(PING);
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n');
      setTimeout(() => socket.destroy(), 20);
    });
    using client = new Client({ endpoint: parseHost(`unix://${server.path}`) });
    const events = new System(client).events({});
    assert.equal((await events.next()).done, false);
    await assert.rejects(events.next(), ConnectionLost);
  });

  test('takes another connection when the engine closed the idle one', async () => {
    let served = 0;
    await using server = await RawServer.start((socket, request) => {
      if (request.startsWith('HEAD')) {
        socket.write(PING);
        // The peer does not announce that it closes.
        return void setTimeout(() => socket.destroy(), 5);
      }
      served++;
      socket.write(answer('200 OK', '[]'));
    });
    using client = new Client({ endpoint: parseHost(`unix://${server.path}`) });
    await client.version();
    await sleep(30);
    assert.deepEqual(await new Containers(client).list(), []);
    assert.equal(served, 1);
    assert.equal(server.connections, 2);
  });

  test('breaks off a call when its signal says so', async () => {
    await using server = await RawServer.start((socket, request) => {
      if (request.startsWith('HEAD')) socket.write(PING);
    });
    using client = new Client({ endpoint: parseHost(`unix://${server.path}`) });
    const signal = AbortSignal.timeout(30);
    await assert.rejects(new Containers(client).list({}, signal), { name: 'TimeoutError' });
  });

  test('breaks off a stream when its signal says so', async () => {
    await using server = await RawServer.start((socket, request) => {
      if (request.startsWith('HEAD')) return void socket.write(PING);
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n');
    });
    using client = new Client({ endpoint: parseHost(`unix://${server.path}`) });
    const controller = new AbortController();
    const events = new System(client).events({}, controller.signal);
    await events.next();
    const next = events.next();
    controller.abort(new Error('enough'));
    await assert.rejects(next, { message: 'enough' });
  });
});
