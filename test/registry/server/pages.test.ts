import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { pushImage, TestRegistry } from './registry.ts';

suite('beside the specification', () => {
  test('search finds repositories by a part of their name, the best first, as docker search asks', async () => {
    await using registry = await TestRegistry.start();
    const about = { annotations: { 'org.opencontainers.image.description': 'Says hello' } };
    for (const name of ['tools/hello-world', 'hello', 'team/hello', 'other']) {
      await pushImage(registry, name, 'latest', name === 'hello' ? about : {});
    }
    const found = (await registry.call('GET', '/v1/search?q=Hello&n=25')).json();
    assert.equal(found.num_results, 3);
    assert.deepEqual(
      found.results.map((it: { name: string; description: string }) => [it.name, it.description]),
      [
        ['hello', 'Says hello'],
        ['team/hello', ''],
        ['tools/hello-world', ''],
      ],
    );
    assert.equal((await registry.call('GET', '/v1/search?q=hello&n=1')).json().results.length, 1);
    assert.equal((await registry.call('GET', '/v1/_ping')).headers['x-docker-registry-standalone'], 'true');
  });

  test('metrics count requests by route and bytes, and nothing by what clients call things', async () => {
    await using registry = await TestRegistry.start();
    const { layer } = await pushImage(registry, 'some/image', 'v1');
    await registry.call('GET', `/v2/some/image/blobs/${layer}`);
    await registry.call('BREW' as 'GET', '/v2/some/image/tags/list').catch(() => {});
    await registry.call('GET', '/nowhere/at/all');
    const text = (await registry.call('GET', '/metrics')).body.toString();
    const value = (line: RegExp) => Number(line.exec(text)?.[1]);
    assert.equal(
      value(
        /^berth_registry_request_duration_seconds_count\{method="GET",route="\/v2\/\{name\}\/blobs\/\{reference\}",code="200"\} (\d+)$/m,
      ),
      1,
    );
    assert.equal(
      value(
        /^berth_registry_request_duration_seconds_count\{method="GET",route="other",code="404"\} (\d+)$/m,
      ),
      1,
    );
    assert.equal(value(/^berth_registry_blob_bytes_sent_total (\d+)$/m), 1000);
    assert.ok(value(/^berth_registry_blob_bytes_received_total (\d+)$/m) > 1000);
    assert.equal(value(/^berth_registry_requests_in_flight (\d+)$/m), 1);
    assert.doesNotMatch(text, /some\/image|nowhere/);
    await using quiet = await TestRegistry.start({ metrics: false, web: false });
    for (const path of ['/metrics', '/', '/web/app.js'])
      assert.equal((await quiet.call('GET', path)).status, 404);
  });

  test('the page runs nothing but its own files, and those are there', async () => {
    await using registry = await TestRegistry.start();
    const page = await registry.call('GET', '/');
    assert.match(String(page.headers['content-security-policy']), /default-src 'none'; script-src 'self'/);
    const files = [...page.body.toString().matchAll(/(?:src|href)="(\/web\/[^"]+)"/g)].map(
      (match) => match[1]!,
    );
    assert.equal(files.length, 2);
    for (const file of files) assert.equal((await registry.call('GET', file)).status, 200);
  });
});
