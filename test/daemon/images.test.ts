import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { dockerArchive, imageSpec } from '../engine/images/fixtures.ts';
import { needs, startEngine, type TestEngine } from '../harness/index.ts';
import { archive, file } from '../layers/fixtures.ts';

let engine: TestEngine;
before(async () => {
  engine = await startEngine({ images: ['busybox'] });
});
after(() => engine[Symbol.asyncDispose]());

const tar = { 'Content-Type': 'application/x-tar' };

describe('/images', () => {
  test('lists without nulls, and with what old clients look for', async () => {
    const [image] = (await engine.request('GET', '/v1.55/images/json')).json();
    assert.deepEqual(image.RepoTags, ['busybox:latest']);
    assert.deepEqual([image.RepoDigests, image.Labels], [[], {}]);
    assert.deepEqual([image.Containers, image.SharedSize, image.ParentId], [0, -1, '']);
    assert.equal((await engine.request('GET', '/v1.50/images/json')).json()[0].Containers, -1);
    assert.equal('VirtualSize' in image, false);
    const [old] = (await engine.request('GET', '/v1.40/images/json?shared-size=1')).json();
    assert.equal(old.VirtualSize, old.Size);
    assert.equal(old.SharedSize, 0);
    const wrong = await engine.request('GET', '/images/json?filters={"nonsense":["x"]}');
    assert.equal(wrong.status, 400);
  });

  test('inspects by names with slashes', async () => {
    assert.equal((await engine.request('POST', '/images/busybox/tag?repo=quay.io/a/b&tag=c')).status, 201);
    const image = (await engine.request('GET', '/images/quay.io/a/b:c/json')).json();
    assert.deepEqual(image.RepoTags, ['busybox:latest', 'quay.io/a/b:c']);
    assert.equal((await engine.request('GET', '/images/quay.io/a/b:c/history')).json().length, 1);
    const gone = await engine.request('DELETE', '/images/quay.io/a/b:c');
    assert.deepEqual(gone.json(), [{ Untagged: 'quay.io/a/b:c' }]);
  });

  test('answers 404, 400 and 409 with the texts that clients test for', async () => {
    const missing = await engine.request('GET', '/images/nope/json');
    assert.equal(missing.status, 404);
    assert.deepEqual(missing.json(), { message: 'No such image: nope:latest' });
    assert.equal((await engine.request('DELETE', '/images/nope')).status, 404);
    assert.equal((await engine.request('POST', '/images/busybox/tag?repo=UPPER')).status, 400);
    const { Id } = (
      await engine.request('POST', '/containers/create', { body: { Image: 'busybox' } })
    ).json();
    const used = await engine.request('DELETE', '/images/busybox');
    assert.equal(used.status, 409);
    assert.match(
      used.json().message,
      /^conflict: unable to remove repository reference "busybox" \(must force\)/,
    );
    await engine.request('DELETE', `/containers/${Id}`);
  });

  test('loads with every error in-band', async () => {
    const spec = await imageSpec({ names: ['loaded:1'], layers: [[file('a', 'x')]] });
    const good = await engine.request('POST', '/images/load?quiet=1', {
      headers: tar,
      body: await dockerArchive([spec]),
    });
    assert.equal(good.text, '{"stream":"Loaded image: loaded:1\\n"}\n');
    const bad = await engine.request('POST', '/images/load', {
      headers: tar,
      body: Buffer.from('no archive at all'),
    });
    assert.equal(bad.status, 200);
    assert.ok(bad.json().errorDetail.message);
    const gone = await engine.request('DELETE', '/images/loaded:1');
    assert.deepEqual(gone.json()[1], { Deleted: spec.id });
  });

  test('imports from the body, and says what it cannot do', async () => {
    const body = await archive([file('a', 'x')]);
    const answer = await engine.request(
      'POST',
      '/images/create?fromSrc=-&repo=imp&changes=CMD+x&changes=USER+5',
      {
        headers: tar,
        body,
      },
    );
    assert.equal(answer.status, 200);
    const image = (await engine.request('GET', '/images/imp/json')).json();
    assert.equal(answer.json().status, image.Id);
    assert.deepEqual([image.Config.Cmd, image.Config.User], [['/bin/sh', '-c', 'x'], '5']);
    await engine.request('DELETE', '/images/imp');
    assert.equal((await engine.request('POST', '/images/create?fromSrc=http://x/y.tar')).status, 400);
    assert.equal((await engine.request('POST', '/images/create')).status, 400);
  });

  test('an image removed by force goes with its last container', async () => {
    const spec = await imageSpec({ names: ['forced:1'], layers: [[file('only here', 'x')]] });
    await engine.request('POST', '/images/load', { headers: tar, body: await dockerArchive([spec]) });
    const { Id } = (
      await engine.request('POST', '/containers/create', { body: { Image: 'forced:1', Cmd: ['x'] } })
    ).json();
    await engine.request('DELETE', '/images/forced:1?force=1');
    assert.equal((await engine.request('GET', `/images/${spec.id}/json`)).status, 404);
    assert.equal((await engine.request('DELETE', `/containers/${Id}`)).status, 204);
  });

  test('serves the official client', needs('docker'), async () => {
    const spec = await imageSpec({ names: ['cli:1'], layers: [[file('a', 'x')]] });
    const input = await dockerArchive([spec]);
    const loaded = await engine.client('docker', ['load'], { input });
    assert.match(loaded.stdout, /Loaded image: cli:1/);
    const listed = await engine.docker('images', '--format', '{{.Repository}}:{{.Tag}} {{.Size}}');
    assert.match(listed.stdout, /^cli:1 1B$/m);
    const removed = await engine.docker('rmi', 'cli:1');
    assert.match(removed.stdout, new RegExp(`^Untagged: cli:1\nDeleted: ${spec.id}\n`));
    assert.equal((await engine.docker('rmi', 'cli:1')).code, 1);
  });
});
