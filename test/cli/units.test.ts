import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { bytesSize, humanDuration, humanSize, parseBytes } from '../../src/cli/units.ts';

suite('units', () => {
  test('bytes are read with fractions and units', () => {
    const cases: [string, number][] = [
      ['0', 0],
      ['32', 32],
      ['32b', 32],
      ['32B', 32],
      ['32k', 32 * 1024],
      ['32KiB', 32 * 1024],
      ['32 kb', 32 * 1024],
      ['1.5g', 1.5 * 2 ** 30],
      ['.5m', 2 ** 19],
      ['2T', 2 * 2 ** 40],
    ];
    for (const [text, size] of cases) assert.equal(parseBytes(text), size, text);
    for (const text of ['', 'x', '-1', '5q', '5kbb', '5bb', '5 5', '1..5'])
      assert.throws(() => parseBytes(text), Error, text);
  });

  test('sizes for people have at most the digits asked for', () => {
    assert.equal(humanSize(0), '0B');
    assert.equal(humanSize(999), '999B');
    assert.equal(humanSize(1000), '1kB');
    assert.equal(humanSize(1_982_456, 3), '1.98MB');
    assert.equal(humanSize(1_982_456), '1.982MB');
    assert.equal(humanSize(999_999, 3), '1e+03kB');
    assert.equal(bytesSize(25_276_510_208), '23.54GiB');
    assert.equal(bytesSize(1024), '1KiB');
  });

  test('durations for people are rounded the way people do', () => {
    const cases: [number, string][] = [
      [0.4, 'Less than a second'],
      [1.9, '1 second'],
      [59, '59 seconds'],
      [60, 'About a minute'],
      [119, 'About a minute'],
      [120, '2 minutes'],
      [3599, '59 minutes'],
      [3600, 'About an hour'],
      [5399, 'About an hour'],
      [5400, '2 hours'],
      [47 * 3600, '47 hours'],
      [48 * 3600, '2 days'],
      [14 * 86400, '2 weeks'],
      [60 * 86400, '2 months'],
      [730 * 86400, '2 years'],
    ];
    for (const [seconds, text] of cases) assert.equal(humanDuration(seconds), text);
  });
});
