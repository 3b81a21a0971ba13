import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { InvalidArgument } from '../../src/api/index.ts';
import { Router } from '../../src/daemon/server/router.ts';

function router(): Router {
  const table = new Router();
  const add = (method: string, pattern: string) => table.add(method, pattern, () => {});
  for (const pattern of [
    '/images/json',
    '/images/{name}/json',
    '/images/{name}',
    '/a/{x}/b/{y}',
    '/v.x/{id}',
  ]) {
    add('GET', pattern);
  }
  add('DELETE', '/images/{name}');
  return table;
}

suite('the router', () => {
  test('names may have slashes and escapes', () => {
    const table = router();
    assert.deepEqual(table.find('GET', '/images/a/json')?.params, { name: 'a' });
    assert.deepEqual(table.find('GET', '/images/host:5000/a/b:1/json')?.params, { name: 'host:5000/a/b:1' });
    assert.deepEqual(table.find('GET', '/images/a%2Fb/json')?.params, { name: 'a/b' });
    assert.deepEqual(table.find('GET', '/a/1/b/2')?.params, { x: '1', y: '2' });
    assert.deepEqual(table.find('DELETE', '/images/sha256:abc')?.params, { name: 'sha256:abc' });
  });

  test('a path without names wins over one with names', () => {
    assert.deepEqual(router().find('GET', '/images/json')?.params, {});
  });

  test('an empty name, another method and a path that is longer are not found', () => {
    const table = router();
    assert.equal(table.find('GET', '/images/'), undefined);
    assert.equal(table.find('POST', '/images/a'), undefined);
    assert.equal(table.find('GET', '/'), undefined);
    assert.equal(table.find('GET', '/vxx/1'), undefined);
  });

  test('a path that cannot be decoded is refused', () => {
    assert.throws(() => router().find('GET', '/images/%zz/json'), InvalidArgument);
  });
});
