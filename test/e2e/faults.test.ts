import assert from 'node:assert/strict';
import { createReadStream, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needs, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { create, eventually, execScript, inspect, list, remove, start } from './support.ts';
import { get, post, upgrade, Wire } from './wire.ts';

const MIB = 1024 * 1024;

suite('faults', needs('root'), () => {
  suite('requests that make no sense', () => {
    let engine: TestEngine;
    let id: string;
    before(async () => {
      engine = await startEngine();
      id = await start(engine, { name: 'bystander' });
    });
    after(() => engine[Symbol.asyncDispose]());

    test('are refused as the mistakes of their sender, and nothing comes of them', async () => {
      const json = { 'Content-Type': 'application/json' };
      const bodies: [body: string, headers?: Record<string, string>][] = [
        ...[
          '{',
          '[]',
          '"text"',
          '17',
          '{"Image": 5}',
          '{"Image": "busybox"} {}',
          '{"Image": "busy\u0000box"}',
        ].map((body) => [body] as [string]),
        ['{"Image": "busybox", "Cmd": {"a": 1}}'],
        ['{"Image": "busybox", "Cmd": ["true"], "Env": [null, 5]}'],
        ['{"Image": "busybox", "Cmd": ["true"], "HostConfig": {"Memory": "1g"}}'],
        ['{"Image": "busybox", "Cmd": ["true"], "HostConfig": {"PortBindings": {"80/tcp": 5}}}'],
        ['{"Image": "busybox", "Cmd": ["true"], "HostConfig": {"NetworkMode": {}}}'],
        ['{"Image": "busybox", "Cmd": ["true"], "HostConfig": {"CgroupParent": 7}}'],
        ['{"__proto__": {"Image": "busybox"}, "constructor": 1}'],
        ['['.repeat(200_000)],
        [`{"Image": "${'x'.repeat(100_000)}"}`],
        [`{"Image": "busybox", "Labels": {"a": "${'x'.repeat(17 * MIB)}"}}`],
        ['Image=busybox', { 'Content-Type': 'application/x-www-form-urlencoded' }],
        ['{"Image": "busybox"}', { 'Content-Type': 'text/plain' }],
      ];
      for (const [body, headers = json] of bodies) {
        const answer = await engine.request('POST', '/containers/create', { body, headers });
        const shown = `${body.slice(0, 100)}: ${answer.status} ${answer.text.slice(0, 200)}`;
        assert.ok(answer.status >= 400 && answer.status < 500, shown);
        assert.equal(typeof (answer.json() as { message: unknown }).message, 'string', shown);
      }
      const paths: [method: string, path: string, status: number][] = [
        ['GET', '/containers/json?filters=nonsense', 400],
        ['GET', '/containers/json?limit=many', 400],
        ['GET', `/containers/${'../'.repeat(20)}etc/passwd/json`, 404],
        ['GET', '/containers/%00/json', 404],
        ['GET', '/containers/%zz/json', 400],
        ['POST', '/containers/bystander/kill?signal=NONSENSE', 400],
        ['POST', '/containers/bystander/stop?t=soon', 400],
        ['POST', '/containers/bystander/resize?h=-1&w=x', 400],
        ['GET', '/v1.999/info', 400],
        ['GET', '/v1.0/info', 400],
        ['PATCH', '/containers/json', 404],
      ];
      for (const [method, path, status] of paths) {
        const answer = await engine.request(method, path);
        assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
      }
      assert.deepEqual(await list(engine), [{ id, running: true }]);
    });

    test('are cut off when they are not even HTTP', async () => {
      for (const bytes of [
        '\x16\x03\x01\x02\x00',
        'GET\r\n\r\n',
        `GET /${'x'.repeat(2 * MIB)} HTTP/1.1\r\n\r\n`,
      ]) {
        const socket = connect(engine.socket);
        const closed = new Promise((resolve) => socket.once('close', resolve));
        socket.on('error', () => {}).end(bytes);
        socket.resume();
        await closed;
      }
      const two = 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
      using smuggler = new Wire(engine, `POST /containers/create HTTP/1.1\r\nHost: x\r\n${two}`);
      assert.match(await smuggler.head(), /^HTTP\/1\.1 400 /);
      assert.equal((await engine.request('GET', '/_ping')).status, 200);
    });

    test('leave the engine as it was', async () => {
      const log = engine.log;
      assert.ok(!/uncaught exception|unhandled rejection/.test(log), log);
      assert.equal(await execScript(engine, id, 'echo unharmed'), 'unharmed');
    });
  });

  suite('clients that hang up', () => {
    let engine: TestEngine;
    before(async () => {
      engine = await startEngine();
    });
    after(() => engine[Symbol.asyncDispose]());

    test('in the middle of anything leave no trace, neither files nor descriptors', async () => {
      const id = await start(engine, { cmd: ['sh', '-c', 'while :; do echo more; usleep 1000; done'] });
      const execId = async () => {
        const body = { Cmd: ['sleep', '0.2'], AttachStdout: true };
        return ((await engine.request('POST', `/containers/${id}/exec`, { body })).json() as { Id: string })
          .Id;
      };
      const requests: (() => string | Promise<string>)[] = [
        () => post('/containers/create', '{"Image": "busy', 400),
        () => post('/images/load', 'not even', 100_000, 'application/x-tar'),
        () => post('/images/create?fromSrc=-', 'x'.repeat(1000), 100_000, 'application/x-tar'),
        () => get(`/containers/${id}/logs?follow=1&stdout=1`),
        () => get('/events'),
        () => post(`/containers/${id}/wait`, ''),
        () => upgrade(`/containers/${id}/attach?stream=1&stdout=1&stdin=1`),
        async () => upgrade(`/exec/${await execId()}/start`, '{"Detach": false}'),
      ];
      const round = async () => {
        for (const request of requests) {
          const socket = connect(engine.socket).on('error', () => {});
          socket.write(await request());
          socket.resume();
          await sleep(15);
          socket.destroy();
        }
      };
      await round();
      await sleep(500);
      const before = descriptors(engine);
      for (let i = 0; i < 5; i++) await round();
      await eventually(`the descriptors are ${before} again`, () => descriptors(engine) <= before);
      assert.deepEqual(await list(engine), [{ id, running: true }]);
      assert.deepEqual(await engine.leftovers(await list(engine)), []);
      assert.ok(!/uncaught exception|unhandled rejection/.test(engine.log), engine.log);
      await remove(engine, id);
    });

    test('while a container is being started find it started, or not, but whole', async () => {
      for (let round = 0; round < 10; round++) {
        const id = await create(engine, { host: { NetworkMode: 'bridge' } });
        const socket = connect(engine.socket).on('error', () => {});
        // What is still here when the connection goes would never be asked for.
        await new Promise((resolve) => socket.write(post(`/containers/${id}/start`, ''), resolve));
        await sleep(round * 3);
        socket.destroy();
        await eventually('it runs', async () => (await inspect(engine, id)).State.Running);
        assert.equal(await execScript(engine, id, 'ls /sys/class/net | wc -l'), '2');
        await remove(engine, id);
      }
      assert.deepEqual(await engine.leftovers(), []);
    });

    test('while an image is loaded leave nothing of it', async () => {
      const images = async () => (await engine.request('GET', '/images/json')).text;
      const before = await images();
      for (let round = 0; round < 4; round++) {
        const socket = connect(engine.socket).on('error', () => {});
        socket.write(post('/images/load', '', 10 * MIB, 'application/x-tar'));
        // The beginning of a real archive.
        const part = createReadStream(join(import.meta.dirname, '../../build/images/busybox.tar'), {
          end: 200_000 * (round + 1),
        });
        part.pipe(socket, { end: false });
        await sleep(60);
        socket.destroy();
        part.destroy();
      }
      await sleep(100);
      assert.equal(await images(), before);
      assert.deepEqual(await engine.leftovers(), []);
      assert.equal(await succeed(engine.docker('run', '--rm', 'busybox', 'echo', 'hi')), 'hi');
    });
  });
});

function descriptors(engine: TestEngine): number {
  return readdirSync(`/proc/${engine.pid}/fd`).length;
}
