import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { needs } from '../../harness/index.ts';
import { startDockerRegistry } from '../docker-registry.ts';
import { threeLayers } from '../fixtures.ts';
import { Publisher } from '../publish.ts';
import { call, INDEX, MANIFEST, TestRegistry } from './registry.ts';

/** Puts an image and an index of it somewhere, and hands back the digests of all that has to be found there again. */
async function publish(url: string) {
  const publisher = new Publisher(url);
  const image = await publisher.image('some/image', 'v1', await threeLayers());
  const index = await publisher.index('some/image', 'all', [image]);
  const manifest = await call(url, 'GET', '/v2/some/image/manifests/v1', { headers: { Accept: MANIFEST } });
  const blobs = [manifest.json().config, ...manifest.json().layers].map(
    ({ digest }: { digest: string }) => digest,
  );
  return { image, index, blobs };
}

async function assertThere(
  url: string,
  { image, index, blobs }: Awaited<ReturnType<typeof publish>>,
): Promise<void> {
  const headers = { Accept: `${MANIFEST}, ${INDEX}` };
  for (const [tag, { digest }] of [
    ['v1', image],
    ['all', index],
  ] as const) {
    const answer = await call(url, 'GET', `/v2/some/image/manifests/${tag}`, { headers });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['docker-content-digest'], digest);
  }
  for (const blob of blobs)
    assert.equal((await call(url, 'GET', `/v2/some/image/blobs/${blob}`)).status, 200);
  const tags = await call(url, 'GET', '/v2/some/image/tags/list');
  assert.deepEqual(tags.json().tags.sort(), ['all', 'v1']);
  assert.deepEqual((await call(url, 'GET', '/v2/_catalog')).json().repositories, ['some/image']);
}

suite('the layout on disk', needs('docker-registry'), () => {
  test("is the distribution project's: its registry goes on with our folder", async () => {
    await using ours = await TestRegistry.start();
    const published = await publish(ours.url);
    await using theirs = await startDockerRegistry();
    cpSync(join(ours.root, 'docker'), join(theirs.root, 'docker'), { recursive: true });
    await assertThere(theirs.url, published);
    const { digest } = published.image;
    assert.equal((await call(theirs.url, 'DELETE', `/v2/some/image/manifests/${digest}`)).status, 202);
    assert.deepEqual((await call(theirs.url, 'GET', '/v2/some/image/tags/list')).json().tags, ['all']);
  });

  test('and we go on with the folder of its registry', async () => {
    await using theirs = await startDockerRegistry();
    const published = await publish(theirs.url);
    await using ours = await TestRegistry.start();
    cpSync(join(theirs.root, 'docker'), join(ours.root, 'docker'), { recursive: true });
    await assertThere(ours.url, published);
    const { digest } = published.image;
    assert.equal((await ours.call('DELETE', `/v2/some/image/manifests/${digest}`)).status, 202);
    assert.deepEqual((await ours.call('GET', '/v2/some/image/tags/list')).json().tags, ['all']);
  });
});
