import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Forbidden, InvalidArgument, Unavailable } from '../../src/api/index.ts';
import { formatCidr, overlaps, parseCidr, parseInterface } from '../../src/network/cidr.ts';
import { AddressPool } from '../../src/network/ipam.ts';
import { macOf } from '../../src/network/mac.ts';
import { pickSubnet } from '../../src/network/pools.ts';

const all = (pool: AddressPool, count: number) => Array.from({ length: count }, () => pool.allocate());

test('ranges are read, written and compared', () => {
  assert.equal(formatCidr(parseCidr('172.17.0.1/16')), '172.17.0.0/16');
  assert.equal(formatCidr(parseCidr('2001:DB8::5/32')), '2001:db8::/32');
  assert.equal(formatCidr(parseInterface('0.0.0.0/0').subnet), '0.0.0.0/0');
  assert.ok(overlaps(parseCidr('10.0.0.0/8'), parseCidr('10.9.8.0/24')));
  assert.ok(!overlaps(parseCidr('10.0.0.0/25'), parseCidr('10.0.0.128/25')));
  assert.ok(!overlaps(parseCidr('0.0.0.0/0'), parseCidr('::/0')));
  for (const text of [
    '',
    '1.2.3.4',
    '1.2.3.4/33',
    '1.2.3.4/',
    '1.2.3/8',
    '::/129',
    '1.2.3.4/8/9',
    '1.2.3.4/-1',
  ]) {
    assert.throws(() => parseCidr(text), InvalidArgument, text);
  }
});

test('the lowest free address is given, without the first and the last of the subnet', () => {
  const pool = new AddressPool(parseCidr('192.0.2.0/29'));
  pool.reserve('192.0.2.1');
  assert.deepEqual(all(pool, 5), ['192.0.2.2', '192.0.2.3', '192.0.2.4', '192.0.2.5', '192.0.2.6']);
  assert.throws(() => pool.allocate(), Unavailable);
  pool.release('192.0.2.4');
  pool.release('192.0.2.3');
  pool.release('192.0.2.3');
  assert.deepEqual(all(pool, 2), ['192.0.2.3', '192.0.2.4']);
  assert.throws(() => pool.allocate(), Unavailable);
});

test('addresses come from the range and may be reserved in the whole subnet, each once', () => {
  const pool = new AddressPool(parseCidr('10.0.0.0/16'), parseCidr('10.0.5.0/30'));
  pool.reserve('10.0.5.1');
  pool.reserve('10.0.9.9');
  assert.throws(() => pool.reserve('10.0.9.9'), Forbidden);
  assert.throws(() => pool.reserve('10.1.0.1'), InvalidArgument);
  assert.deepEqual(all(pool, 3), ['10.0.5.0', '10.0.5.2', '10.0.5.3']);
  assert.throws(() => pool.allocate(), Unavailable);
  pool.release('10.0.9.9');
  assert.throws(() => pool.allocate(), Unavailable);
  assert.throws(() => new AddressPool(parseCidr('10.0.0.0/16'), parseCidr('10.1.0.0/24')), InvalidArgument);
  assert.throws(() => new AddressPool(parseCidr('10.0.0.0/16'), parseCidr('10.0.0.0/8')), InvalidArgument);
});

test('a subnet of two addresses gives both, and IPv6 keeps only its first', () => {
  assert.deepEqual(all(new AddressPool(parseCidr('10.0.0.4/31')), 2), ['10.0.0.4', '10.0.0.5']);
  assert.deepEqual(all(new AddressPool(parseCidr('fd00::/126')), 3), ['fd00::1', 'fd00::2', 'fd00::3']);
});

test('the first pool that overlaps nothing is picked', () => {
  const pools = [
    { base: '172.17.0.0/16', size: 16 },
    { base: '172.20.0.0/14', size: 16 },
  ];
  const pick = (...taken: string[]) => formatCidr(pickSubnet(pools, taken.map(parseCidr)));
  assert.equal(pick(), '172.17.0.0/16');
  assert.equal(pick('172.17.9.0/24'), '172.20.0.0/16');
  assert.throws(() => pick('172.16.0.0/12'), InvalidArgument);
});

test('hardware addresses follow from IPv4 addresses', () => {
  assert.equal(macOf('172.17.0.2'), '02:42:ac:11:00:02');
});
