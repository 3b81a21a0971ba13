import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { environment } from '../../../src/runtime/index.ts';

suite('the environment of a process', () => {
  const of = (Env: string[], Tty = false): string[] => environment({ Env, Hostname: 'box', Tty }, '/root');
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

  test('what every container has', () => {
    assert.deepEqual(of([]), [path, 'HOSTNAME=box', 'HOME=/root']);
    assert.deepEqual(of([], true), [path, 'HOSTNAME=box', 'TERM=xterm', 'HOME=/root']);
  });

  test('what is set wins, the last of two of one name', () => {
    assert.deepEqual(of(['PATH=/p', 'A=1', 'HOSTNAME=h', 'A=2=3', 'HOME=/h']), [
      ...['PATH=/p', 'HOSTNAME=h', 'A=2=3', 'HOME=/h'],
    ]);
  });

  test('an empty home is none', () => {
    assert.deepEqual(of(['HOME=']).at(-1), 'HOME=/root');
  });

  test('a bare name takes a variable away', () => {
    assert.deepEqual(of(['A=1', 'A', 'HOSTNAME']), [path, 'HOME=/root']);
  });
});
