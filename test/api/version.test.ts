import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { atLeast, BERTH_VERSION, compareApiVersions, isTrue, parseApiVersion } from '../../src/api/index.ts';

suite('versions', () => {
  test("the product's version is the package's", () => {
    const manifest = join(import.meta.dirname, '../../package.json');
    assert.equal(BERTH_VERSION, (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version);
  });

  test('API versions compare as numbers', () => {
    assert.ok(compareApiVersions(parseApiVersion('1.9'), parseApiVersion('1.24')) < 0);
    assert.ok(atLeast(parseApiVersion('1.42'), 1, 42));
    assert.ok(!atLeast(parseApiVersion('1.41'), 1, 42));
    assert.ok(atLeast(parseApiVersion('2'), 1, 55));
  });
});

suite('booleans of queries', () => {
  test('empty, 0, no, false and none are false, anything else is true', () => {
    for (const text of ['', ' ', '0', 'no', 'NO', 'False', 'none']) assert.equal(isTrue(text), false, text);
    for (const text of ['1', 'true', 'yes', 'x', '00']) assert.equal(isTrue(text), true, text);
  });
});
