import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import {
  addAddress,
  addRoute,
  changeBridgePort,
  changeLink,
  createLink,
  createNetns,
  createVeth,
  deleteAddress,
  deleteLink,
  deleteNetns,
  findLink,
  getLink,
  inNetns,
  listAddresses,
  listLinks,
  listRoutes,
  Netlink,
} from '../../src/linux/index.ts';

let folder: string;
let netlink: Netlink;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-netlink-'));
  netlink = createNetns(join(folder, 'own'), () => new Netlink());
});

afterEach(() => {
  netlink.close();
  deleteNetns(join(folder, 'own'));
  rmSync(folder, { recursive: true });
});

test('a socket sees the namespace in which it was opened', () => {
  assert.deepEqual(
    listLinks(netlink).map((link) => [link.name, link.up]),
    [['lo', false]],
  );
  using host = new Netlink();
  assert.equal(findLink(host, 'lo')?.up, true);
});

test('a bridge gets its name, hardware address, MTU, state and alias', () => {
  netlink.send(
    createLink('bridge', { name: 'br0', mac: '02:42:0a:00:00:01', mtu: 1400, up: true }),
    changeLink('br0', { alias: 'ours', noLinkLocal: true }),
  );
  const { index, ...bridge } = getLink(netlink, 'br0');
  assert.ok(index > 1);
  assert.deepEqual(bridge, {
    name: 'br0',
    kind: 'bridge',
    up: true,
    mtu: 1400,
    mac: '02:42:0a:00:00:01',
    master: 0,
    alias: 'ours',
  });
  netlink.send(deleteLink('br0'));
  assert.equal(findLink(netlink, 'br0'), undefined);
});

test('a veth pair is made across two namespaces in one message', () => {
  const other = join(folder, 'other');
  netlink.send(createLink('bridge', { name: 'br0', up: true }));
  const bridge = getLink(netlink, 'br0');
  inNetns(join(folder, 'own'), () => {
    createNetns(other, (home) => {
      using inside = new Netlink();
      inside.send(
        createVeth(
          { name: 'eth0', mac: '02:42:ac:11:00:02', mtu: 1300, up: true },
          { name: 'outer', netns: home },
        ),
      );
      const inner = getLink(inside, 'eth0');
      assert.equal(inner.mac, '02:42:ac:11:00:02');
      assert.equal(inner.mtu, 1300);
    });
  });
  netlink.send(changeLink('outer', { master: bridge.index, up: true, alias: 'x' }));
  netlink.send(changeBridgePort(getLink(netlink, 'outer').index, { isolated: true, hairpin: false }));
  assert.equal(getLink(netlink, 'outer').master, bridge.index);
  netlink.send(changeLink('outer', { master: 0 }));
  assert.equal(getLink(netlink, 'outer').master, 0);
  deleteNetns(other);
});

test('a link is renamed', () => {
  netlink.send(createLink('bridge', { name: 'before' }));
  netlink.send(changeLink(getLink(netlink, 'before').index, { name: 'after' }));
  assert.equal(findLink(netlink, 'before'), undefined);
  assert.equal(getLink(netlink, 'after').kind, 'bridge');
});

test('addresses and routes of both families come and go', () => {
  netlink.send(createLink('bridge', { name: 'br0', up: true }));
  const { index } = getLink(netlink, 'br0');
  netlink.send(
    addAddress(index, '10.5.0.1', 16),
    addAddress(index, 'fd00:5::1', 64),
    addRoute({ gateway: '10.5.0.9' }),
    addRoute({ gateway: 'fd00:5::9', destination: { address: 'fd00:6::', prefixLength: 64 } }),
  );
  const addresses = listAddresses(netlink).map(({ address, prefixLength }) => `${address}/${prefixLength}`);
  assert.ok(addresses.includes('10.5.0.1/16'));
  assert.ok(addresses.includes('fd00:5::1/64'));
  const routes = listRoutes(netlink).filter((route) => route.gateway !== '');
  assert.deepEqual(
    routes.map((route) => `${route.address}/${route.prefixLength} ${route.gateway}`),
    ['/0 10.5.0.9', 'fd00:6::/64 fd00:5::9'],
  );
  netlink.send(deleteAddress(index, '10.5.0.1', 16), deleteAddress(index, 'fd00:5::1', 64));
  assert.ok(!listAddresses(netlink).some(({ address }) => address === '10.5.0.1' || address === 'fd00:5::1'));
});

test('a failure names the object, the errno and the reason, and later requests are not lost', () => {
  assert.throws(
    () => netlink.send(createLink('nonsense', { name: 'x0' }), createLink('bridge', { name: 'br1' })),
    (error: NodeJS.ErrnoException) => {
      assert.equal(error.code, 'ENOTSUP');
      assert.match(error.message, /create nonsense x0 \(Unknown device type\)/);
      return true;
    },
  );
  assert.equal(getLink(netlink, 'br1').kind, 'bridge');
  assert.throws(() => netlink.send(createLink('bridge', { name: 'br1' })), { code: 'EEXIST' });
  assert.throws(() => netlink.send(deleteLink('nobody')), { code: 'ENODEV' });
});

test('a slow request runs in a thread', async () => {
  netlink.send(createLink('bridge', { name: 'br0' }));
  await netlink.sendInThread(deleteLink('br0'));
  assert.equal(findLink(netlink, 'br0'), undefined);
  await assert.rejects(netlink.sendInThread(deleteLink('br0')), { code: 'ENODEV' });
});

test('a list longer than one receive is whole', () => {
  const names = Array.from({ length: 60 }, (_, n) => `br${n}`);
  netlink.send(...names.map((name) => createLink('bridge', { name })));
  assert.deepEqual(
    listLinks(netlink)
      .map((link) => link.name)
      .sort(),
    ['lo', ...names].sort(),
  );
});
