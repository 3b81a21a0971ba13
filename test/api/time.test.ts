import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  formatTime,
  formatTimeFixed,
  formatTimestamp,
  InvalidArgument,
  nowNanos,
  parseDuration,
  parseTime,
  parseTimeArgument,
  parseTimestamp,
} from '../../src/api/index.ts';

suite('time', () => {
  test('RFC 3339 keeps every nanosecond and drops zeroes at the end', () => {
    assert.equal(formatTime(1_700_000_000_000_000_001n), '2023-11-14T22:13:20.000000001Z');
    assert.equal(formatTime(1_700_000_000_120_000_000n), '2023-11-14T22:13:20.12Z');
    assert.equal(formatTime(1_700_000_000_000_000_000n), '2023-11-14T22:13:20Z');
    assert.equal(formatTime(-1n), '1969-12-31T23:59:59.999999999Z');
    assert.equal(formatTimeFixed(1_700_000_000_120_000_000n), '2023-11-14T22:13:20.120000000Z');
  });

  test('RFC 3339 is read back, in any zone', () => {
    assert.equal(parseTime('2023-11-14T22:13:20.000000001Z'), 1_700_000_000_000_000_001n);
    assert.equal(parseTime('2023-11-14T23:13:20.12+01:00'), 1_700_000_000_120_000_000n);
    assert.equal(parseTime('2023-11-14'), undefined);
    assert.equal(parseTime('2023-13-14T22:13:20Z'), undefined);
  });

  test('timestamps are seconds with a fraction', () => {
    assert.equal(parseTimestamp('1700000000'), 1_700_000_000_000_000_000n);
    assert.equal(parseTimestamp('1700000000.5'), 1_700_000_000_500_000_000n);
    assert.equal(parseTimestamp('1700000000.000000001'), 1_700_000_000_000_000_001n);
    assert.equal(parseTimestamp('2023-11-14T22:13:20Z'), 1_700_000_000_000_000_000n);
    assert.equal(parseTimestamp(''), undefined);
    assert.equal(formatTimestamp(1_700_000_000_000_000_001n), '1700000000.000000001');
    for (const text of ['abc', '1.2.3', '0x10', '10m'])
      assert.throws(() => parseTimestamp(text), InvalidArgument, text);
  });

  test('durations are read as Go writes them', () => {
    assert.equal(parseDuration('1h30m'), 5_400_000_000_000n);
    assert.equal(parseDuration('1.5s'), 1_500_000_000n);
    assert.equal(parseDuration('-100ms'), -100_000_000n);
    assert.equal(parseDuration('0'), 0n);
    for (const text of ['', '10', 'm', '1d', '1 s']) assert.equal(parseDuration(text), undefined, text);
  });

  test('what users type is a duration, a date, a time or a timestamp', () => {
    const now = 1_700_000_000_000_000_000n;
    assert.equal(parseTimeArgument('10m', now), now - 600_000_000_000n);
    assert.equal(parseTimeArgument('1700000000', 0n), now);
    assert.equal(parseTimeArgument('2023-11-14T22:13:20Z', 0n), now);
    assert.equal(parseTimeArgument('2023-11-14T22:13Z', 0n), now - 20_000_000_000n);
    assert.equal(parseTimeArgument('2023-11-14Z', 0n), BigInt(Date.UTC(2023, 10, 14)) * 1_000_000n);
    assert.equal(parseTimeArgument('2023-11-14', 0n), BigInt(+new Date(2023, 10, 14)) * 1_000_000n);
    assert.throws(() => parseTimeArgument('yesterday', 0n), InvalidArgument);
  });

  test('the clock never gives the same time twice', () => {
    const times = Array.from({ length: 10_000 }, () => nowNanos());
    assert.ok(times.every((time, index) => index === 0 || time > times[index - 1]!));
    assert.ok(Math.abs(Number(times.at(-1)! / 1_000_000n) - Date.now()) < 1000);
  });
});
