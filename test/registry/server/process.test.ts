import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RegistryProcess } from './process.ts';
import { call, digestOf, someBytes } from './registry.ts';

const UPLOADS = '/v2/a/b/blobs/uploads/';

suite('berth registry', () => {
  test('an upload goes on after kill -9 in the middle of a chunk', async () => {
    await using registry = await RegistryProcess.start();
    const bytes = someBytes(4 << 20);
    const { headers } = await call(registry.url, 'POST', UPLOADS);
    const location = headers.location!;
    const first = bytes.subarray(0, 1 << 20);
    assert.equal((await call(registry.url, 'PATCH', location, { body: first })).status, 202);
    const { hostname, port } = new URL(registry.url);
    const socket = connect(Number(port), hostname).on('error', () => {});
    socket.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: ${3 << 20}\r\n\r\n`);
    socket.write(bytes.subarray(1 << 20, (1 << 20) + 1_500_000));
    for (let size = 0; size < 2 << 20; await sleep(10)) size = await sizeOf(registry.url, location);
    await registry.stop('SIGKILL');
    socket.destroy();
    await registry.start();
    const size = await sizeOf(registry.url, location);
    assert.ok(size >= 2 << 20 && size <= (1 << 20) + 1_500_000, `${size} bytes are there`);
    const rest = bytes.subarray(size);
    const range = { 'Content-Range': `${size}-${bytes.length - 1}`, 'Content-Length': rest.length };
    assert.equal((await call(registry.url, 'PATCH', location, { body: rest, headers: range })).status, 202);
    const digest = digestOf(bytes);
    assert.equal((await call(registry.url, 'PUT', `${location}?digest=${digest}`)).status, 201);
    const blob = await call(registry.url, 'GET', `/v2/a/b/blobs/${digest}`);
    assert.ok(blob.body.equals(bytes));
  });

  test('kill -9 at any moment leaves whole blobs alone', async () => {
    await using registry = await RegistryProcess.start();
    const blobs = Array.from({ length: 40 }, () => someBytes(200_000));
    const pushing = Promise.allSettled(
      blobs.map(async (bytes, index) => {
        await sleep(index * 8);
        return await call(registry.url, 'POST', `${UPLOADS}?digest=${digestOf(bytes)}`, { body: bytes });
      }),
    );
    await sleep(150);
    await registry.stop('SIGKILL');
    const answers = await pushing;
    await registry.start();
    for (const [index, answer] of answers.entries()) {
      const digest = digestOf(blobs[index]!);
      const found = await call(registry.url, 'GET', `/v2/a/b/blobs/${digest}`);
      if (answer.status === 'fulfilled' && answer.value.status === 201) assert.equal(found.status, 200);
      if (found.status === 200) assert.ok(found.body.equals(blobs[index]!));
    }
  });

  test('ends when told, after the requests that are under way', async () => {
    await using registry = await RegistryProcess.start();
    const bytes = someBytes(300_000);
    const { headers } = await call(registry.url, 'POST', UPLOADS);
    const { hostname, port } = new URL(registry.url);
    const socket = connect(Number(port), hostname);
    socket.write(`PATCH ${headers.location} HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes.length}\r\n\r\n`);
    socket.write(bytes.subarray(0, 100_000));
    const answered = new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(data.toString())),
    );
    await sleep(200);
    const ended = registry.stop();
    await sleep(200);
    await assert.rejects(call(registry.url, 'GET', '/v2/'));
    socket.write(bytes.subarray(100_000));
    assert.match(await answered, /^HTTP\/1\.1 202/);
    assert.equal(await ended, 0);
    socket.destroy();
  });

  test('status and gc speak to the one that serves, and gc works without it', async () => {
    await using registry = await RegistryProcess.start();
    const bytes = someBytes(5000);
    await call(registry.url, 'POST', `${UPLOADS}?digest=${digestOf(bytes)}`, { body: bytes });
    const status = await registry.command('status');
    assert.equal(status.code, 0, status.stderr);
    assert.match(status.stdout, new RegExp(`Address: +${registry.url}`));
    assert.match(status.stdout, /Repositories: +1/);
    const early = await registry.command('gc');
    assert.equal(early.code, 1);
    assert.match(early.stderr, /grace period/);
    const now = await registry.command('gc', '--grace', '0s');
    assert.equal(now.code, 0, now.stderr);
    assert.match(now.stdout, /Removed blobs: +1\n/);
    assert.match(now.stdout, /Reclaimed space: +5000 bytes/);
    await registry.stop();
    const alone = await registry.command('gc');
    assert.equal(alone.code, 0, alone.stderr);
    assert.equal((await registry.command('status')).code, 1);
  });
});

async function sizeOf(url: string, location: string): Promise<number> {
  const { headers } = await call(url, 'GET', location);
  return Number(/^0-(\d+)$/.exec(headers.range!)?.[1]) + 1;
}
