import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needs, startEngine, type TestEngine } from '../harness/index.ts';
import { create, eventually, expectStatus, logs, remove, split, start, wait } from './support.ts';
import { get, upgrade, Wire } from './wire.ts';

suite('clients that do not read', needs('root'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());

  for (const [what, path, request] of [
    ['one that is attached', 'attach?stream=1&stdout=1', upgrade],
    ['one that follows the log', 'logs?follow=1&stdout=1', get],
  ] as const) {
    test(`${what} holds nobody up, and has missed nothing when it reads again`, async () => {
      const lines = 400_000;
      const id = await create(engine, { cmd: ['sh', '-c', `sleep 0.3; seq 1 ${lines}`] });
      expectStatus(await engine.request('POST', `/containers/${id}/start`), 204);
      using client = new Wire(engine, request(`/containers/${id}/${path}`));
      await client.head();
      client.pause();
      assert.equal(await wait(engine, id), 0);
      const written = await logs(engine, id);
      assert.ok(written.stdout.endsWith(`\n${lines}\n`));
      const body = await client.rest();
      assert.equal(split(body).stdout, written.stdout);
      await remove(engine, id);
    });
  }

  test('cost the engine no memory', async () => {
    const id = await start(engine, { cmd: ['yes', 'x'.repeat(100)] });
    using client = new Wire(engine, upgrade(`/containers/${id}/attach?stream=1&stdout=1`));
    await client.head();
    client.pause();
    const size = () => statSync(join(engine.identity.dataRoot, 'containers', id, 'container.log')).size;
    const [memory, from] = [rss(engine), size()];
    await eventually('50 MB are written', () => size() - from > 50e6);
    const more = rss(engine) - memory;
    await remove(engine, id);
    assert.ok(more < 48, `${more.toFixed(0)} MiB`);
  });

  test('may be killed: the container goes on', async () => {
    const id = await start(engine, {
      cmd: ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo "line $i"; usleep 1000; done'],
    });
    const clients = ['attach', 'logs', 'logs'].map((verb, index) =>
      index === 0 ? engine.spawn('docker', verb, id) : engine.spawn('docker', verb, '-f', id),
    );
    await sleep(300);
    for (const client of clients) client.kill('SIGKILL');
    const size = async () => (await logs(engine, id, '&tail=1')).stdout;
    const last = await size();
    await eventually('it writes on', async () => (await size()) !== last);
    await remove(engine, id);
  });

  test('do not keep the engine from stopping, whatever they have asked for', async () => {
    const id = await start(engine, { cmd: ['sleep', '600'] });
    for (let round = 0; round < 8; round++) {
      const clients = Array.from({ length: 6 }, () => new Wire(engine, get(`/containers/${id}/export`)));
      // Every other one reads; a thread that waits for one of them must not be waited for.
      for (const client of clients.slice(3)) client.pause();
      await sleep(round * 30);
      assert.equal(await engine.stop(), 0);
      for (const client of clients) client[Symbol.dispose]();
      await engine.start();
    }
    await remove(engine, id);
  });
});

/** MiB of memory that the engine's process has. */
function rss(engine: TestEngine): number {
  const status = readFileSync(`/proc/${engine.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]) / 1024;
}
