import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { after, before, suite, test } from 'node:test';
import Docker from 'dockerode';
import { boolean, object, optional } from 'valibot';
import { Conflict } from '../../src/api/index.ts';
import type { RequestContext } from '../../src/daemon/server/context.ts';
import type { Router } from '../../src/daemon/server/router.ts';
import { succeed } from '../harness/command.ts';
import { needs, run } from '../harness/index.ts';
import { eventually, RawClient, startToy, type Toy } from './toy.ts';

const RAW = 'application/vnd.docker.raw-stream';
const seen = { bodies: [] as unknown[], aborted: 0 };

/** Answers in capital letters, and `bye` when there is no more to read. */
function shout(stream: Duplex, frame: (text: string) => Buffer): void {
  stream.on('error', () => {});
  stream.write(frame('hello\n'));
  stream.on('data', (chunk: Buffer) => stream.write(frame(chunk.toString().toUpperCase())));
  stream.on('end', () => stream.end(frame('bye\n')));
}

function multiplexed(text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

function routes(router: Router): void {
  const attach = async (ctx: RequestContext) => {
    const stream = await ctx.hijack(RAW);
    ctx.signal.addEventListener('abort', () => seen.aborted++);
    shout(stream, ctx.bool('frames', true) ? multiplexed : Buffer.from);
  };
  router.post('/containers/{id}/attach', attach);
  router.post('/containers/{id}/refuse', async () => {
    throw new Conflict('it does not run');
  });
  router.post('/containers/{id}/exec', (ctx) => ctx.send(201, { Id: 'e1' }));
  router.post('/exec/{id}/start', async (ctx) => {
    seen.bodies.push(await ctx.json(object({ Detach: optional(boolean()), Tty: optional(boolean()) })));
    await attach(ctx);
  });
  router.get('/exec/{id}/json', (ctx) => ctx.send(200, { ID: 'e1', Running: false, ExitCode: 7 }));
  router.post('/exec/{id}/resize', (ctx) => ctx.send(200));
  router.get('/containers/{id}/json', (ctx) => {
    const Config = { Tty: false, OpenStdin: true, AttachStdin: true };
    ctx.send(200, {
      Id: 'c1',
      Name: '/c1',
      State: { Running: true, Status: 'running' },
      Config,
      HostConfig: {},
    });
  });
  router.post('/containers/{id}/wait', (ctx) => {
    ctx.stream('application/json');
    return new Promise((resolve) => setTimeout(resolve, 300, undefined)).then(() => {
      ctx.res.end('{"StatusCode":3}\n');
    });
  });
  router.get('/_ping', (ctx) => ctx.sendText(200, 'OK'));
}

suite('taking over connections', () => {
  let toy: Toy;
  before(async () => {
    toy = await startToy(routes);
  });
  after(() => toy[Symbol.asyncDispose]());

  const UPGRADE = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n';
  const JSON_BODY = 'Content-Type: application/json\r\n';

  test('an upgraded connection is raw both ways and closes each way on its own', async () => {
    using client = new RawClient(toy.socket);
    client.write(`POST /v1.40/containers/c/attach?frames=0 HTTP/1.1\r\n${UPGRADE}\r\n`);
    const head = await client.until('\r\n\r\n');
    assert.match(head, /^HTTP\/1.1 101 UPGRADED\r\n/);
    assert.match(head, /Connection: Upgrade\r\nUpgrade: tcp\r\n/);
    assert.match(head, new RegExp(`Content-Type: ${RAW}`));
    assert.match(head, /Api-Version: 1.55/);
    await client.until('hello\n');
    client.write('abc');
    await client.until('ABC');
    const { aborted } = seen;
    client.socket.end();
    await client.until('bye\n');
    await client.end();
    await eventually(() => seen.aborted === aborted + 1);
  });

  test('input may come with the request or after it, behind any kind of body', async () => {
    const bodies = {
      length: ['Content-Length: 14\r\n', '{"Tty": false}'],
      chunks: ['Transfer-Encoding: chunked\r\n', '7\r\n{"Tty":\r\n6\r\nfalse}\r\n0\r\n\r\n'],
    } as const;
    for (const [kind, [header, body]] of Object.entries(bodies)) {
      for (const pause of [false, true]) {
        using client = new RawClient(toy.socket);
        const parts = [
          `POST /exec/e/start?frames=0 HTTP/1.1\r\n${UPGRADE}${JSON_BODY}${header}\r\n`,
          body,
          'abc',
        ];
        for (const part of pause ? parts : [parts.join('')]) {
          client.write(part);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        await client.until('hello\n');
        await client.until('ABC');
        client.socket.end('def');
        assert.equal(await client.until('bye\n'), 'DEF', `${kind} ${pause}`);
        assert.deepEqual(seen.bodies.at(-1), { Tty: false });
      }
    }
  });

  test('an error before the take-over is an ordinary answer', async () => {
    for (const path of ['/containers/c/refuse', '/exec/e/start']) {
      using client = new RawClient(toy.socket);
      client.write(`POST ${path} HTTP/1.1\r\n${UPGRADE}Content-Length: 3\r\n\r\nx{}`);
      const head = await client.until('\r\n\r\n');
      assert.match(head, /^HTTP\/1.1 (409 Conflict|400 Bad Request)\r\n/);
      assert.match(head, /Content-Type: application\/json/);
      await client.until('"}\n');
      await client.end();
    }
  });

  test('other protocols than tcp are not upgraded to', async () => {
    using client = new RawClient(toy.socket);
    client.write(
      'GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n',
    );
    assert.match(await client.until('\r\n\r\n'), /^HTTP\/1.1 200 OK/);
  });

  test('without Upgrade the answer is 200 and the connection is raw all the same', async () => {
    for (const body of ['', `${JSON_BODY}Content-Length: 2\r\n`]) {
      using client = new RawClient(toy.socket);
      client.write(`POST /containers/c/attach?frames=0 HTTP/1.1\r\nHost: x\r\n${body}\r\n${body && '{}'}`);
      const head = await client.until('\r\n\r\n');
      assert.match(head, /^HTTP\/1.1 200 OK\r\n/);
      assert.doesNotMatch(head, /Transfer-Encoding|Content-Length/i);
      await client.until('hello\n');
      client.write('GET / HTTP/1.1\r\n\r\n');
      await client.until('GET / HTTP/1.1\r\n\r\n');
      client.socket.end();
      await client.until('bye\n');
      await client.end();
    }
  });

  test('without Upgrade a chunked body is the input', async () => {
    using client = new RawClient(toy.socket);
    client.write(
      'POST /containers/c/attach?frames=0 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
    );
    await client.until('hello\n');
    await client.until('ABC');
    client.write('3\r\ndef\r\n0\r\n\r\n');
    assert.equal(await client.until('bye\n'), 'DEF');
    await client.end();
  });

  test('megabytes pass unharmed in both directions', async () => {
    using client = new RawClient(toy.socket);
    client.write(`POST /containers/c/attach?frames=0 HTTP/1.1\r\n${UPGRADE}\r\n`);
    await client.until('hello\n');
    const text = 'abcdefghijklmnopqrstuvwxyz012345'.repeat(65_536);
    client.socket.end(text);
    assert.equal((await client.until('bye\n')).length, text.length);
  });

  suite('with real clients', () => {
    const client = (args: string[], input: string) =>
      run('docker', ['-H', `unix://${toy.socket}`, ...args], { input, timeout: 10_000 });

    test('docker exec', needs('docker'), async () => {
      const result = await client(['exec', '-i', 'c1', 'cat'], 'abc\ndef\n');
      assert.deepEqual([result.code, result.stdout], [7, 'hello\nABC\nDEF\nbye\n']);
    });

    test('docker attach', needs('docker'), async () => {
      const result = await client(['attach', 'c1'], 'abc\n');
      assert.deepEqual([result.code, result.stdout], [3, 'hello\nABC\nbye\n']);
    });

    test('dockerode, with and without hijack', async () => {
      const container = new Docker({ socketPath: toy.socket }).getContainer('c1');
      for (const hijack of [true, false]) {
        const stream = await container.attach({ stream: true, stdin: true, stdout: true, hijack });
        let received = '';
        stream.on('data', (chunk: Buffer) => {
          received += chunk.toString('latin1');
        });
        stream.write('abc');
        await eventually(() => received.includes('ABC'));
        stream.end();
        if (hijack) await eventually(() => received.includes('bye'));
      }
    });

    test('dockerode exec with hijack', async () => {
      const exec = await new Docker({ socketPath: toy.socket }).getContainer('c1').exec({ Cmd: ['cat'] });
      const stream = await exec.start({ hijack: true, stdin: true });
      let received = '';
      stream.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1');
      });
      stream.end('abc');
      await eventually(() => received.includes('ABC') && received.includes('bye'));
    });

    test('curl', needs('curl'), async () => {
      const url = 'http://x/containers/c/attach?frames=0';
      const output = run('curl', ['-sN', '-X', 'POST', '-T', '-', '--unix-socket', toy.socket, url], {
        input: 'abc',
      });
      assert.equal(await succeed(output), 'hello\nABCbye');
    });

    test('a client that is killed ends the stream', needs('docker'), async () => {
      const { aborted } = seen;
      const child = spawn('docker', ['-H', `unix://${toy.socket}`, 'attach', 'c1'], {
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await eventually(() => seen.aborted === aborted + 1);
    });
  });
});
