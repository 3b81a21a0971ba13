import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Filters, InvalidArgument } from '../../src/api/index.ts';

suite('filters', () => {
  test('both forms of JSON mean the same', () => {
    const modern = Filters.parse('{"name":{"a":true,"b":true}}');
    const legacy = Filters.parse('{"name":["a","b"]}');
    assert.deepEqual(modern.values('name'), ['a', 'b']);
    assert.deepEqual(legacy.values('name'), ['a', 'b']);
    assert.deepEqual(Filters.parse(modern.format()).values('name'), ['a', 'b']);
  });

  test('empty text is no filter', () => {
    assert.equal(Filters.parse('').size, 0);
    assert.equal(Filters.parse(null).size, 0);
    assert.equal(Filters.parse('{}').format(), undefined);
  });

  test('what is not an object of sets is refused', () => {
    for (const text of ['x', '[]', '"a"', '{"name":"a"}', '{"name":{"a":1}}', '{"name":[1]}', 'null']) {
      assert.throws(() => Filters.parse(text), InvalidArgument, text);
    }
  });

  test('an unknown key is refused by name', () => {
    const filters = Filters.parse('{"name":["a"],"nonsense":["b"]}');
    assert.throws(() => filters.validate(['name']), {
      name: 'InvalidArgument',
      message: "invalid filter 'nonsense'",
    });
    filters.validate(['name', 'nonsense']);
  });

  test('values of a key are alternatives, and a key that is missing lets everything pass', () => {
    const filters = Filters.parse('{"status":["running","paused"]}');
    assert.equal(filters.exact('status', 'paused'), true);
    assert.equal(filters.exact('status', 'exited'), false);
    assert.equal(filters.exact('id', 'anything'), true);
    assert.equal(filters.prefix('status', 'running for ever'), true);
  });

  test('names match as regular expressions, Go flags included', () => {
    assert.equal(Filters.parse('{"name":["^/?web"]}').match('name', '/web1'), true);
    assert.equal(Filters.parse('{"name":["^web"]}').match('name', '/web1'), false);
    assert.equal(Filters.parse('{"name":["(?i)WEB"]}').match('name', '/web1'), true);
    assert.equal(Filters.parse('{"name":["a("]}').match('name', 'b'), false);
    assert.equal(Filters.parse('{"name":["a("]}').match('name', 'a('), true);
  });

  test('labels must all hold, by name or by name and value', () => {
    const labels = { a: '1', b: '', 'c.d': 'x=y' };
    assert.equal(Filters.parse('{"label":["a","b"]}').labels(labels), true);
    assert.equal(Filters.parse('{"label":["a=1","c.d=x=y"]}').labels(labels), true);
    assert.equal(Filters.parse('{"label":["a=1","z"]}').labels(labels), false);
    assert.equal(Filters.parse('{"label":["a=2"]}').labels(labels), false);
    assert.equal(Filters.parse('{"label":["toString"]}').labels(labels), false);
  });

  test('booleans are read from their values', () => {
    assert.equal(Filters.parse('{"dangling":["true"]}').boolean('dangling', false), true);
    assert.equal(Filters.parse('{"dangling":["0"]}').boolean('dangling', true), false);
    assert.equal(Filters.parse('{}').boolean('dangling', true), true);
    assert.throws(() => Filters.parse('{"dangling":["maybe"]}').boolean('dangling', true), InvalidArgument);
  });
});
