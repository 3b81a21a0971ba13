import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { needs, startEngine, succeed } from '../../harness/index.ts';
import { freePort } from '../docker-registry.ts';
import { threeLayers } from '../fixtures.ts';
import { Publisher } from '../publish.ts';
import { call } from './registry.ts';

suite('a registry in the engine', needs('root'), () => {
  test('--registry serves one, which the engine pulls from, and which is there after a restart', async () => {
    const host = `127.0.0.1:${await freePort()}`;
    await using engine = await startEngine({ flags: ['--registry', host], images: [] });
    const { digest } = await new Publisher(`http://${host}`).image('some/image', 'v1', await threeLayers());
    await succeed(engine.docker('pull', `${host}/some/image:v1`));
    assert.ok(existsSync(join(engine.identity.dataRoot, 'registry/docker')));
    await engine.restart();
    const head = await call(`http://${host}`, 'HEAD', '/v2/some/image/manifests/v1');
    assert.equal(head.headers['docker-content-digest'], digest);
    await engine.stop();
    await assert.rejects(call(`http://${host}`, 'GET', '/v2/'));
    await engine.start();
  });

  test('daemon.json says all there is to say of it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-config-'));
    const file = join(folder, 'daemon.json');
    try {
      const host = `127.0.0.1:${await freePort()}`;
      const registry = { listen: [host], root: join(folder, 'registry'), metrics: false };
      writeFileSync(file, JSON.stringify({ registry }));
      await using engine = await startEngine({ flags: ['--config-file', file], images: [] });
      assert.equal((await call(`http://${host}`, 'GET', '/v2/')).status, 200);
      assert.equal((await call(`http://${host}`, 'GET', '/metrics')).status, 404);
      assert.ok(existsSync(join(folder, 'registry/uploads')));
      assert.ok(!existsSync(join(engine.identity.dataRoot, 'registry')));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
