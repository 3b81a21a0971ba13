import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { InvalidArgument, ZERO_TIME } from '../../../src/api/index.ts';
import { generateName } from '../../../src/engine/containers/names.ts';
import { INITIAL_STATE } from '../../../src/engine/containers/record.ts';
import { parseSignal } from '../../../src/engine/containers/signals.ts';
import { statusText } from '../../../src/engine/containers/status-text.ts';
import { validateName } from '../../../src/engine/containers/validate.ts';

suite('signals', () => {
  test('by name, short name, any case and number', () => {
    for (const text of ['SIGTERM', 'TERM', 'sigterm', 'term', '15']) assert.equal(parseSignal(text), 15);
    assert.deepEqual(['KILL', 'HUP', 'WINCH'].map(parseSignal), [9, 1, 28]);
    assert.deepEqual(['RTMIN', 'SIGRTMIN+3', 'RTMAX', 'RTMAX-1'].map(parseSignal), [34, 37, 64, 63]);
  });

  test('what is none', () => {
    for (const text of ['', 'NOSUCH', '0', '65', '-1', '1.5', 'RTMIN+31', 'RTMIN-1'])
      assert.throws(() => parseSignal(text), InvalidArgument, text);
  });
});

suite('names', () => {
  test('those that are made up are allowed', () => {
    for (let count = 0; count < 200; count++) validateName(generateName(() => false));
  });

  test('a taken name is not made up again', () => {
    let asked = 0;
    const name = generateName(() => ++asked < 20);
    validateName(name);
    assert.equal(asked, 20);
  });

  test('what may be one', () => {
    for (const name of ['ab', 'a.b-c_d', '0a', 'A1', 'x'.repeat(200)]) validateName(name);
    for (const name of ['', 'a', '-ab', '.ab', '_ab', 'a b', 'a/b', 'ä', 'ab\n'])
      assert.throws(() => validateName(name), InvalidArgument, name);
  });
});

suite('the status in a list', () => {
  const now = Date.parse('2026-03-01T12:00:00Z');
  const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString();
  const MINUTE = 60;
  const HOUR = 3600;
  const DAY = 24 * HOUR;

  test('of containers that run, by how long', () => {
    const cases: ReadonlyArray<readonly [seconds: number, text: string]> = [
      [0.5, 'Less than a second'],
      [1, '1 second'],
      [59, '59 seconds'],
      [MINUTE, 'About a minute'],
      [59 * MINUTE, '59 minutes'],
      [HOUR, 'About an hour'],
      [47 * HOUR, '47 hours'],
      [3 * DAY, '3 days'],
      [15 * DAY, '2 weeks'],
      [70 * DAY, '2 months'],
      [3 * 365 * DAY, '3 years'],
    ];
    for (const [seconds, text] of cases) {
      const state = { ...INITIAL_STATE, status: 'running' as const, startedAt: ago(seconds) };
      assert.equal(statusText(state, now), `Up ${text}`);
    }
  });

  test('of the others', () => {
    const at = { startedAt: ago(HOUR), finishedAt: ago(2 * HOUR), exitCode: 137 };
    const text = (status: typeof INITIAL_STATE.status) =>
      statusText({ ...INITIAL_STATE, ...at, status }, now);
    assert.equal(text('created'), 'Created');
    assert.equal(text('paused'), 'Up About an hour (Paused)');
    assert.equal(text('exited'), 'Exited (137) 2 hours ago');
    assert.equal(text('restarting'), 'Restarting (137) 2 hours ago');
    assert.equal(text('dead'), 'Dead');
  });

  test('a container that has never run has no times', () => {
    assert.deepEqual([INITIAL_STATE.startedAt, INITIAL_STATE.finishedAt], [ZERO_TIME, ZERO_TIME]);
  });
});
