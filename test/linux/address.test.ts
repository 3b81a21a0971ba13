import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressBytes, addressText } from '../../src/linux/index.ts';

test('addresses go to bytes and back to their usual text', () => {
  const cases: [string, string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::', '::'],
    ['::1', '::1'],
    ['fe80::', 'fe80::'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:2:3:4:5:6:0:8', '1:2:3:4:5:6:0:8'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['fd00:0:0:5::', 'fd00:0:0:5::'],
  ];
  for (const [text, usual] of cases) assert.equal(addressText(addressBytes(text)!), usual, text);
});

test('what is no address has no bytes', () => {
  for (const text of ['', '1.2.3', '1.2.3.256', '01.2.3.4', 'fe80::1%eth0', ':::', 'host']) {
    assert.equal(addressBytes(text), undefined, text);
  }
});
