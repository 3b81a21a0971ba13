import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { TarReader } from '../../src/tar/index.ts';
import { needs, proves, startEngine, type TestEngine } from '../harness/index.ts';
import { execScript, expectStatus, inspect, remove, start } from './support.ts';

suite('the Engine API: the other endpoints of containers and the system', needs('root'), () => {
  let engine: TestEngine;
  let id: string;
  before(async () => {
    engine = await startEngine();
    id = await start(engine, { name: 'one' });
  });
  after(() => engine[Symbol.asyncDispose]());

  const call = async (method: string, path: string, status: number) =>
    expectStatus(await engine.request(method, path), status);

  test('_ping answers with the headers that clients go by', async () => {
    proves('GET /_ping', 'HEAD /_ping');
    for (const method of ['GET', 'HEAD']) {
      const answer = await call(method, '/_ping', 200);
      assert.equal(answer.text, method === 'GET' ? 'OK' : '');
      assert.match(String(answer.headers['api-version']), /^1\.\d+$/);
      assert.equal(answer.headers['ostype'], 'linux');
      assert.equal(answer.headers['swarm'], 'inactive');
      assert.equal(answer.headers['cache-control'], 'no-cache, no-store, must-revalidate');
    }
  });

  test('version and info count and describe', async () => {
    proves('GET /version', 'GET /info');
    const version = (await call('GET', '/version', 200)).json();
    assert.deepEqual([version.Os, version.Components[0].Name], ['linux', 'Engine']);
    const info = (await call('GET', '/info', 200)).json();
    assert.deepEqual([info.Containers, info.ContainersRunning, info.Images], [1, 1, 1]);
    assert.deepEqual([info.OSType, info.Swarm.LocalNodeState], ['linux', 'inactive']);
    assert.deepEqual(Object.keys(info.Runtimes).sort(), ['crun', 'runc']);
  });

  test('top gives titles and processes', async () => {
    proves('GET /containers/{id}/top');
    const { Titles, Processes } = (
      await call('GET', '/containers/one/top?ps_args=-o%20pid,comm', 200)
    ).json();
    assert.deepEqual(Titles, ['PID', 'COMMAND']);
    assert.equal(Processes[0][1], 'sleep');
    await call('GET', '/containers/none/top', 404);
  });

  test('pause and unpause change the state once', async () => {
    proves('POST /containers/{id}/pause', 'POST /containers/{id}/unpause');
    await call('POST', '/containers/one/pause', 204);
    await call('POST', '/containers/one/pause', 409);
    assert.equal((await inspect(engine, id)).State.Status, 'paused');
    assert.equal((await inspect(engine, id)).State.Running, true);
    await call('POST', '/containers/one/unpause', 204);
    await call('POST', '/containers/one/unpause', 500);
    await call('POST', '/containers/none/pause', 404);
  });

  test('rename needs a name that is free', async () => {
    proves('POST /containers/{id}/rename');
    await call('POST', '/containers/one/rename?name=two', 204);
    assert.equal((await inspect(engine, id)).Name, '/two');
    await call('POST', '/containers/two/rename?name=', 400);
    await call('POST', '/containers/two/rename?name=a%20b', 400);
    await call('POST', '/containers/one/rename?name=three', 404);
    const other = await start(engine, { name: 'other' });
    await call('POST', '/containers/two/rename?name=other', 409);
    await remove(engine, other);
    await call('POST', '/containers/two/rename?name=one', 204);
  });

  test('archives go out and in, and are described', async () => {
    proves(
      'HEAD /containers/{id}/archive',
      'GET /containers/{id}/archive',
      'PUT /containers/{id}/archive',
      'GET /containers/{id}/export',
    );
    await execScript(engine, id, 'mkdir /from /to; echo text >/from/file');
    const head = await call('HEAD', '/containers/one/archive?path=/from/file', 200);
    const stat = JSON.parse(
      String(Buffer.from(String(head.headers['x-docker-container-path-stat']), 'base64')),
    );
    assert.deepEqual([stat.name, stat.size], ['file', 5]);
    const { body } = await call('GET', '/containers/one/archive?path=/from/file', 200);
    const headers = { 'Content-Type': 'application/x-tar' };
    const put = await engine.request('PUT', '/containers/one/archive?path=/to', { body, headers });
    expectStatus(put, 200);
    assert.equal(await execScript(engine, id, 'cat /to/file'), 'text');
    const exported = await call('GET', '/containers/one/export', 200);
    const names = [];
    const reader = new TarReader(
      (async function* () {
        yield exported.body;
      })(),
    );
    for (let entry = await reader.next(); entry !== undefined; entry = await reader.next())
      names.push(entry.name);
    assert.ok(names.includes('to/file'));
  });

  test('prune says what it has removed', async () => {
    proves('POST /containers/prune');
    const ended = await start(engine, { cmd: ['true'] });
    await call('POST', `/containers/${ended}/wait`, 200);
    const filters = encodeURIComponent(JSON.stringify({ until: { '1h': true } }));
    const none = (await call('POST', `/containers/prune?filters=${filters}`, 200)).json();
    assert.deepEqual(none, { ContainersDeleted: [], SpaceReclaimed: 0 });
    const { ContainersDeleted } = (await call('POST', '/containers/prune', 200)).json();
    assert.deepEqual(ContainersDeleted, [ended]);
    await call('POST', '/containers/prune?filters=nonsense', 400);
  });
});
