import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { FrameDecoder } from '../../src/api/index.ts';
import { needs, startEngine, type TestEngine } from '../harness/index.ts';

const LINES = 60_000;
const PADDING = 'x'.repeat(100);
const PROGRAM = `i=0; while [ $i -lt ${LINES} ]; do echo "line $i ${PADDING}"; i=$((i+1)); done`;

describe('a client that does not read', needs('root'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());

  test('does not hold up the container, and loses nothing when it reads at last', async () => {
    const { Id } = await create(engine);
    const socket = await attach(engine, Id);
    await engine.request('POST', `/containers/${Id}/start`);
    const wait = await engine.request('POST', `/containers/${Id}/wait`);
    assert.equal(JSON.parse(String(wait.body)).StatusCode, 0);

    const lines = (await readToEnd(socket)).split('\n');
    assert.equal(lines.length, LINES + 1);
    const wrong = lines.slice(0, LINES).findIndex((line, number) => !line.startsWith(`line ${number} `));
    assert.equal(wrong, -1);
    await engine.request('DELETE', `/containers/${Id}`);
  });

  test('may go without reading anything', async () => {
    const { Id } = await create(engine);
    const socket = await attach(engine, Id);
    await engine.request('POST', `/containers/${Id}/start`);
    socket.destroy();
    const wait = await engine.request('POST', `/containers/${Id}/wait`);
    assert.equal(JSON.parse(String(wait.body)).StatusCode, 0);
    await engine.request('DELETE', `/containers/${Id}`);
  });
});

async function create(engine: TestEngine): Promise<{ Id: string }> {
  const body = { Image: 'busybox', Cmd: ['sh', '-c', PROGRAM], HostConfig: { NetworkMode: 'none' } };
  const answer = await engine.request('POST', '/containers/create', { body });
  return JSON.parse(String(answer.body));
}

/** A connection that the engine has taken over, of which nothing but the headers is read. */
async function attach(engine: TestEngine, id: string): Promise<Socket> {
  const socket = connect(engine.socket);
  const head = [
    `POST /containers/${id}/attach?stream=1&stdout=1&stderr=1 HTTP/1.1`,
    'Host: berth',
    'Connection: Upgrade',
    'Upgrade: tcp',
    'Content-Length: 0',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  const [headers] = (await once(socket, 'data')) as [Buffer];
  assert.match(headers.toString(), /^HTTP\/1\.1 101 /);
  socket.pause();
  return socket;
}

async function readToEnd(socket: Socket): Promise<string> {
  const decoder = new FrameDecoder();
  const pieces: Buffer[] = [];
  for await (const bytes of socket) for (const { data } of decoder.push(bytes as Buffer)) pieces.push(data);
  return Buffer.concat(pieces).toString();
}
