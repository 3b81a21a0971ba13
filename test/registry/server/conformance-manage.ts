import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, INDEX, pushBlob, pushImage, someBytes, type TestRegistry } from './registry.ts';

/** Distribution specification 1.1, "Content Discovery" and "Content Management". */
export function manageConformance(registry: () => TestRegistry): void {
  const link = /^<([^>]+)>; rel="next"$/;

  test('lists tags in order, whole and in pages that lead to each other', async () => {
    const wanted = ['0', '10', '2', 'A', 'a', 'latest', 'v1', 'v1.1'];
    for (const tag of ['v1.1', 'latest', 'A', '2', 'v1', 'a', '10', '0'])
      await pushImage(registry(), 'list/tags', tag);
    const all = await registry().call('GET', '/v2/list/tags/tags/list');
    assert.deepEqual(all.json(), { name: 'list/tags', tags: wanted });
    const found: string[] = [];
    for (let path: string | undefined = '/v2/list/tags/tags/list?n=3'; path; ) {
      const page = await registry().call('GET', path);
      assert.ok(page.json().tags.length <= 3);
      found.push(...page.json().tags);
      path = link.exec(String(page.headers.link ?? ''))?.[1];
    }
    assert.deepEqual(found, wanted);
    const behind = await registry().call('GET', '/v2/list/tags/tags/list?n=2&last=B');
    assert.deepEqual(behind.json().tags, ['a', 'latest']);
    assert.deepEqual((await registry().call('GET', '/v2/list/tags/tags/list?n=0')).json().tags, []);
    assert.equal((await registry().call('GET', '/v2/list/tags/tags/list?n=x')).status, 400);
    const nowhere = await registry().call('GET', '/v2/list/nowhere/tags/list');
    assert.equal(nowhere.status, 404);
    assert.equal(nowhere.code, 'NAME_UNKNOWN');
  });

  test('lists repositories, whole and in pages', async () => {
    const wanted = ['zz/a', 'zz/a/b', 'zz/a/b/c', 'zz/a-b', 'zz/c'];
    for (const name of wanted) await pushBlob(registry(), name, someBytes());
    const found: string[] = [];
    for (let path: string | undefined = '/v2/_catalog?n=2'; path; ) {
      const page = await registry().call('GET', path);
      assert.ok(page.json().repositories.length <= 2);
      found.push(...page.json().repositories);
      path = link.exec(String(page.headers.link ?? ''))?.[1];
    }
    assert.deepEqual([...found].sort(), [...new Set(found)].sort());
    assert.deepEqual(found.filter((name) => name.startsWith('zz/')).sort(), [...wanted].sort());
    const whole = await registry().call('GET', '/v2/_catalog');
    assert.deepEqual(whole.json().repositories, found);
  });

  test('lists what refers to a manifest, of one type when asked, before and after that is there', async () => {
    const name = 'list/referrers';
    const subject = await pushImage(registry(), name, 'subject');
    const descriptor = { mediaType: 'x/y', digest: subject.digest, size: subject.bytes.length };
    const path = `/v2/${name}/referrers/${subject.digest}`;
    const none = await registry().call('GET', path);
    assert.equal(none.status, 200);
    assert.equal(none.headers['content-type'], INDEX);
    assert.deepEqual(none.json(), { schemaVersion: 2, mediaType: INDEX, manifests: [] });

    const annotations = { who: 'me' };
    const signature = await pushImage(registry(), name, undefined, {
      subject: descriptor,
      artifactType: 'test/signature',
      annotations,
    });
    const plain = await pushImage(registry(), name, undefined, { subject: descriptor });
    const both = (await registry().call('GET', path)).json().manifests as { digest: string }[];
    assert.deepEqual(both.map(({ digest }) => digest).sort(), [signature.digest, plain.digest].sort());
    const filtered = await registry().call('GET', `${path}?artifactType=test/signature`);
    assert.equal(filtered.headers['oci-filters-applied'], 'artifactType');
    assert.deepEqual(filtered.json().manifests, [
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: signature.digest,
        size: signature.bytes.length,
        artifactType: 'test/signature',
        annotations,
      },
    ]);
    // Without an artifactType of its own it has that of its config.
    const byConfig = await registry().call(
      'GET',
      `${path}?artifactType=application/vnd.oci.image.config.v1%2Bjson`,
    );
    assert.deepEqual(
      byConfig.json().manifests.map((it: { digest: string }) => it.digest),
      [plain.digest],
    );

    await registry().call('DELETE', `/v2/${name}/manifests/${signature.digest}`);
    const left = (await registry().call('GET', path)).json().manifests as { digest: string }[];
    assert.deepEqual(
      left.map(({ digest }) => digest),
      [plain.digest],
    );
    assert.equal((await registry().call('GET', `/v2/${name}/referrers/nonsense`)).status, 400);
  });

  test('says that it keeps track of the subject, which need not be there', async () => {
    const digest = digestOf('some manifest to come');
    const image = await pushImage(registry(), 'list/early', 'v1', {
      subject: { mediaType: 'x/y', digest, size: 3 },
    });
    const again = await registry().call('PUT', '/v2/list/early/manifests/v2', {
      body: image.bytes,
      headers: { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json' },
    });
    assert.equal(again.headers['oci-subject'], digest);
    const referrers = await registry().call('GET', `/v2/list/early/referrers/${digest}`);
    assert.equal(referrers.json().manifests[0].digest, image.digest);
  });

  test('deletes a tag and leaves its manifest', async () => {
    const { digest } = await pushImage(registry(), 'delete/tag', 'one');
    assert.equal((await registry().call('DELETE', '/v2/delete/tag/manifests/one')).status, 202);
    assert.equal((await registry().call('GET', '/v2/delete/tag/manifests/one')).status, 404);
    assert.equal((await registry().call('GET', `/v2/delete/tag/manifests/${digest}`)).status, 200);
    assert.equal((await registry().call('DELETE', '/v2/delete/tag/manifests/one')).status, 404);
  });

  test('deletes a manifest with all its tags', async () => {
    const { digest, bytes } = await pushImage(registry(), 'delete/manifest', 'one');
    const type = { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json' };
    await registry().call('PUT', '/v2/delete/manifest/manifests/two', { body: bytes, headers: type });
    await pushImage(registry(), 'delete/manifest', 'other');
    assert.equal((await registry().call('DELETE', `/v2/delete/manifest/manifests/${digest}`)).status, 202);
    for (const reference of ['one', 'two', digest]) {
      assert.equal((await registry().call('GET', `/v2/delete/manifest/manifests/${reference}`)).status, 404);
    }
    assert.deepEqual((await registry().call('GET', '/v2/delete/manifest/tags/list')).json().tags, ['other']);
    assert.equal((await registry().call('DELETE', `/v2/delete/manifest/manifests/${digest}`)).status, 404);
  });

  test('deletes a blob from one repository and from no other', async () => {
    const bytes = someBytes();
    const digest = await pushBlob(registry(), 'delete/blob', bytes);
    await pushBlob(registry(), 'delete/kept', bytes);
    assert.equal((await registry().call('DELETE', `/v2/delete/blob/blobs/${digest}`)).status, 202);
    assert.equal((await registry().call('GET', `/v2/delete/blob/blobs/${digest}`)).status, 404);
    assert.equal((await registry().call('DELETE', `/v2/delete/blob/blobs/${digest}`)).status, 404);
    assert.deepEqual((await registry().call('GET', `/v2/delete/kept/blobs/${digest}`)).body, bytes);
  });

  test('answers what it does not do with an error of the specification', async () => {
    for (const [method, path] of [
      ['POST', '/v2/'],
      ['DELETE', '/v2/some/name/tags/list'],
      ['PATCH', '/v2/some/name/manifests/v1'],
    ] as const) {
      const answer = await registry().call(method, path);
      assert.equal(answer.status, 405);
      assert.equal(answer.code, 'UNSUPPORTED');
      assert.match(String(answer.headers.allow), /GET/);
    }
    assert.equal((await registry().call('GET', '/v2/some')).status, 404);
  });
}
