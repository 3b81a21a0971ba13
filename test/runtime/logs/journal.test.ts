import assert from 'node:assert/strict';
import { test } from 'node:test';
import { journalMessage } from '../../../src/runtime/index.ts';

const message = { stream: 2, timestamp: '2026-01-02T03:04:05.000000001Z', partial: false } as const;

test('a message for the journal has a field a line', () => {
  const text = String(journalMessage({ CONTAINER_NAME: 'c' }, { ...message, content: Buffer.from('hello') }));
  assert.deepEqual(text.split('\n'), [
    'CONTAINER_NAME=c',
    'PRIORITY=3',
    'SYSLOG_TIMESTAMP=2026-01-02T03:04:05.000000001Z',
    'MESSAGE=hello',
    '',
  ]);
});

test('a value with a newline comes after its length', () => {
  const bytes = journalMessage({ LABEL: 'a\nb' }, { ...message, partial: true, content: Buffer.of(0xff) });
  const expected = Buffer.concat([
    Buffer.from('LABEL\n'),
    Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]),
    Buffer.from('a\nb\n'),
  ]);
  assert.deepEqual(bytes.subarray(0, expected.length), expected);
  assert.ok(bytes.includes('CONTAINER_PARTIAL_MESSAGE=true\n'));
  assert.deepEqual(bytes.subarray(-10), Buffer.from('MESSAGE=\xff\n', 'latin1'));
});
