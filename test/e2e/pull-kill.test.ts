import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '../../src/layers/index.ts';
import { needs, startEngine, succeed } from '../harness/index.ts';
import { startDockerRegistry } from '../registry/docker-registry.ts';
import { startFaultProxy } from '../registry/fault-proxy.ts';
import { threeLayers } from '../registry/fixtures.ts';
import { Publisher } from '../registry/publish.ts';

suite('an engine that is killed in the middle of a pull', needs('root', 'docker', 'docker-registry'), () => {
  test('has nothing half, and the next pull goes on where it was', async () => {
    await using registry = await startDockerRegistry();
    const spec = await threeLayers(50);
    await new Publisher(registry.url).image('app', 'latest', spec);
    const largest = spec.layers[1]!.blob;
    const isLargest = (path: string) => path.endsWith(digestOf(largest));
    await using proxy = await startFaultProxy(registry.host, ({ req, res, pass }) => {
      if (!isLargest(req.url!)) return pass();
      res.writeHead(200, { 'Content-Length': largest.length });
      res.write(largest.subarray(0, 200_000));
    });
    await using engine = await startEngine({ images: [] });
    const { dataRoot } = engine.identity;
    const part = join(dataRoot, 'downloads', digestOf(largest).slice(7));
    const client = engine.docker('pull', `${proxy.host}/app`);
    while ((statSync(part, { throwIfNoEntry: false })?.size ?? 0) < 200_000) await sleep(5);
    await engine.kill9();
    assert.notEqual((await client).code, 0);
    proxy.fault = undefined;
    await engine.start();
    assert.equal(await succeed(engine.docker('images', '-q')), '');
    assert.deepEqual(readdirSync(join(dataRoot, 'blobs/sha256')), []);
    assert.deepEqual(readdirSync(join(dataRoot, 'layers')), []);
    await succeed(engine.docker('pull', `${proxy.host}/app`));
    assert.equal(await succeed(engine.docker('images', '-q', '--no-trunc')), spec.id);
    assert.equal(proxy.seen.findLast(({ path }) => isLargest(path))?.headers.range, 'bytes=200000-');
    assert.deepEqual(readdirSync(join(dataRoot, 'downloads')), []);
  });
});
