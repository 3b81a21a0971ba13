import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { Conflict, Filters, InvalidArgument, NotFound } from '../../src/api/index.ts';
import type { Sandbox } from '../../src/engine/index.ts';
import {
  addAddress,
  addRoute,
  changeLink,
  createLink,
  createNetns,
  createVeth,
  deleteLink,
  findLink,
  getLink,
  inNetns,
  listAddresses,
  listLinks,
  listNft,
  listRoutes,
  Netlink,
  readSysctl,
} from '../../src/linux/index.ts';
import { attach, becomePrivateHost, callFrom, listenIn, openNetworks, World, wish } from './private-host.ts';

const id = (n: number) => n.toString(16).padStart(64, 'c');
const linkNames = () => {
  using netlink = new Netlink();
  return listLinks(netlink).map((link) => link.name);
};
const insideOf = <T>(sandbox: Sandbox, look: (netlink: Netlink) => T): T =>
  inNetns(sandbox.netnsPath!, () => {
    using netlink = new Netlink();
    return look(netlink);
  });

before(becomePrivateHost);

test('the bridge gives a container its interface, address, hardware address and default route', async () => {
  await using networks = await openNetworks({ bip: '10.77.0.1/24', mtu: 1450 });
  const sandbox = attach(networks.service, id(1), 'bridge');
  const [endpoint] = sandbox.endpoints;
  assert.equal(endpoint?.ipAddress, '10.77.0.2');
  assert.equal(endpoint.prefixLen, 24);
  assert.equal(endpoint.gateway, '10.77.0.1');
  assert.equal(endpoint.macAddress, '02:42:0a:4d:00:02');
  insideOf(sandbox, (netlink) => {
    const eth0 = getLink(netlink, 'eth0');
    assert.equal(eth0.mac, endpoint.macAddress);
    assert.equal(eth0.mtu, 1450);
    assert.ok(eth0.up && getLink(netlink, 'lo').up);
    const addresses = listAddresses(netlink).filter((address) => address.index === eth0.index);
    assert.deepEqual(addresses, [{ index: eth0.index, address: '10.77.0.2', prefixLength: 24 }]);
    const standard = listRoutes(netlink).find((route) => route.gateway !== '');
    assert.deepEqual(standard, { address: '', prefixLength: 0, gateway: '10.77.0.1', index: eth0.index });
  });
  using host = new Netlink();
  const outside = getLink(host, endpoint.hostInterface);
  assert.equal(outside.master, getLink(host, networks.config.bridge).index);
  assert.ok(!listAddresses(host).some((address) => address.index === outside.index));
  networks.service.detach(id(1));
  networks.service.detach(id(1));
  await networks.service.settled();
  assert.deepEqual(linkNames().sort(), [networks.config.bridge, 'lo'].sort());
  assert.equal(existsSync(sandbox.netnsPath!), false);
});

test('the lowest free address is given, and a released one again', async () => {
  await using networks = await openNetworks({ bip: '10.77.0.1/24' });
  const addresses = [1, 2, 3].map((n) => attach(networks.service, id(n), 'bridge').endpoints[0]?.ipAddress);
  assert.deepEqual(addresses, ['10.77.0.2', '10.77.0.3', '10.77.0.4']);
  networks.service.detach(id(2));
  assert.equal(attach(networks.service, id(4), 'bridge').endpoints[0]?.ipAddress, '10.77.0.3');
  assert.throws(() => attach(networks.service, id(4), 'bridge'), Conflict);
});

test('a hardware address may be chosen', async () => {
  await using networks = await openNetworks({ bip: '10.77.0.1/24' });
  const sandbox = attach(networks.service, id(1), 'bridge', { MacAddress: '02:00:00:00:00:09' });
  assert.equal(
    insideOf(sandbox, (netlink) => getLink(netlink, 'eth0').mac),
    '02:00:00:00:00:09',
  );
  assert.throws(() => attach(networks.service, id(2), 'bridge', { MacAddress: 'nonsense' }), InvalidArgument);
  assert.equal(networks.service.inspect('bridge').Containers[id(2)], undefined);
});

test('none has only loopback, host has no namespace', async () => {
  await using networks = await openNetworks({ bip: '10.77.0.1/24' });
  const none = attach(networks.service, id(1), 'none');
  assert.deepEqual(
    insideOf(none, (netlink) => listLinks(netlink).map((link) => [link.name, link.up])),
    [['lo', true]],
  );
  assert.equal(none.endpoints[0]?.networkName, 'none');
  const host = attach(networks.service, id(2), 'host');
  assert.equal(host.netnsPath, undefined);
  assert.equal(host.endpoints[0]?.ipAddress, '');
  networks.service.detach(id(1));
  networks.service.detach(id(2));
  assert.deepEqual(readdirSync(dirname(none.netnsPath!)), []);
});

test('containers reach each other, the host and, under its address, the world; strangers do not reach them', async () => {
  await using world = new World();
  await using networks = await openNetworks({ bip: '10.77.0.1/24' });
  const one = attach(networks.service, id(1), 'bridge');
  const two = attach(networks.service, id(2), 'bridge');
  using _two = listenIn(two.netnsPath!, 8000);
  using _world = listenIn(world.path, 8001);
  using _host = listenIn('/proc/thread-self/ns/net', 8002);

  assert.equal(await callFrom(one.netnsPath!, '10.77.0.3', 8000), '10.77.0.2');
  assert.equal(await callFrom(one.netnsPath!, '10.77.0.1', 8002), '10.77.0.2');
  assert.equal(await callFrom(undefined, '10.77.0.3', 8000), '10.77.0.1');
  assert.equal(await callFrom(one.netnsPath!, World.address, 8001), World.hostAddress);

  inNetns(world.path, () => {
    using netlink = new Netlink();
    netlink.send(
      addRoute({ gateway: World.hostAddress, destination: { address: '10.77.0.0', prefixLength: 24 } }),
    );
  });
  assert.equal(await callFrom(world.path, '10.77.0.3', 8000), undefined);
  assert.equal(readSysctl('net.ipv4.ip_forward'), '1');
});

test('without communication between containers they still reach the host', async () => {
  await using networks = await openNetworks({ bip: '10.77.0.1/24', icc: false });
  const one = attach(networks.service, id(1), 'bridge');
  const two = attach(networks.service, id(2), 'bridge');
  using _two = listenIn(two.netnsPath!, 8000);
  using _host = listenIn('/proc/thread-self/ns/net', 8002);
  assert.equal(await callFrom(one.netnsPath!, '10.77.0.3', 8000), undefined);
  assert.equal(await callFrom(one.netnsPath!, '10.77.0.1', 8002), '10.77.0.2');
});

test('two engines side by side share nothing', async () => {
  await using one = await openNetworks({ bridge: 'one0', bip: '10.77.0.1/24' });
  await using two = await openNetworks({ bridge: 'two0', bip: '10.78.0.1/24' });
  const here = attach(one.service, id(1), 'bridge');
  const there = attach(two.service, id(1), 'bridge');
  assert.notEqual(here.endpoints[0]?.hostInterface, there.endpoints[0]?.hostInterface);
  using _there = listenIn(there.netnsPath!, 8000);
  assert.equal(await callFrom(here.netnsPath!, '10.78.0.2', 8000), undefined);
  assert.equal(await callFrom(undefined, '10.78.0.2', 8000), '10.78.0.1');

  await one.service.restore([]);
  assert.equal(await callFrom(undefined, '10.78.0.2', 8000), '10.78.0.1');
  await one.service.uninstall();
  assert.equal(await callFrom(undefined, '10.78.0.2', 8000), '10.78.0.1');
  const tables = (await listNft('tables')).flatMap((object) =>
    'table' in object ? [object.table as { name: string }] : [],
  );
  assert.deepEqual(
    tables.map((table) => table.name),
    [`berth-${two.config.identity.suffix}`],
  );
});

test('a bridge or an address that belongs to somebody else is refused and left alone', async () => {
  await using one = await openNetworks({ bridge: 'one0', bip: '10.77.0.1/24' });
  await assert.rejects(openNetworks({ bridge: 'one0', bip: '10.79.0.1/24' }), Conflict);
  await assert.rejects(openNetworks({ bridge: 'one0' }), Conflict);
  await assert.rejects(openNetworks({ bridge: 'two0', bip: '10.77.0.129/25' }), Conflict);
  await assert.rejects(openNetworks({ bridge: 'nobody0' }), InvalidArgument);
  assert.deepEqual(linkNames().sort(), ['lo', 'one0']);
  assert.equal(attach(one.service, id(1), 'bridge').endpoints[0]?.ipAddress, '10.77.0.2');
});

test('a bridge without an address of its own gets the first pool that the host does not use', async () => {
  using host = new Netlink();
  host.send(createLink('bridge', { name: 'lan0', up: true }));
  try {
    host.send(addAddress(getLink(host, 'lan0').index, '172.17.5.1', 24));
    await using one = await openNetworks();
    assert.deepEqual(one.service.inspect('bridge').IPAM.Config, [
      { Subnet: '172.18.0.0/16', Gateway: '172.18.0.1' },
    ]);
    await one.reopen();
    assert.equal(one.service.inspect('bridge').IPAM.Config[0]?.Subnet, '172.18.0.0/16');
    await using two = await openNetworks();
    assert.equal(two.service.inspect('bridge').IPAM.Config[0]?.Subnet, '172.19.0.0/16');
  } finally {
    host.send(deleteLink('lan0'));
  }
});

test('a bridge of the host is used with its address and stays when the engine goes', async () => {
  using host = new Netlink();
  host.send(createLink('bridge', { name: 'lan0', up: true }));
  try {
    host.send(addAddress(getLink(host, 'lan0').index, '10.90.0.1', 24));
    {
      await using one = await openNetworks({ bridge: 'lan0', fixedCidr: '10.90.0.128/26' });
      assert.equal(attach(one.service, id(1), 'bridge').endpoints[0]?.ipAddress, '10.90.0.128');
    }
    assert.equal(getLink(host, 'lan0').alias, '');
  } finally {
    host.send(deleteLink('lan0'));
  }
});

test('without a bridge there are two networks', async () => {
  await using networks = await openNetworks({ bridge: 'none' });
  assert.equal(networks.service.defaultMode, 'none');
  assert.deepEqual(
    networks.service.list(new Filters()).map((network) => network.Name),
    ['host', 'none'],
  );
  assert.throws(() => attach(networks.service, id(1), 'bridge'), NotFound);
});

test('after a crash running containers keep their places and everything else of ours goes', async () => {
  await using networks = await openNetworks({ bip: '10.77.0.1/24' });
  const running = attach(networks.service, id(1), 'bridge');
  const alone = attach(networks.service, id(2), 'none');
  const dead = attach(networks.service, id(3), 'bridge');
  halfMade(networks.config.execRoot, `berth-${networks.config.identity.suffix}/${id(4)}`);

  const service = await networks.reopen();
  await service.restore([
    { containerId: id(1), sandbox: running },
    { containerId: id(2), sandbox: alone },
  ]);
  assert.deepEqual(
    linkNames().sort(),
    [networks.config.bridge, 'lo', running.endpoints[0]?.hostInterface].sort(),
  );
  assert.deepEqual(readdirSync(join(networks.config.execRoot, 'netns')).sort(), [id(1), id(2)]);
  assert.equal(existsSync(dead.netnsPath!), false);
  assert.deepEqual(Object.keys(service.inspect('bridge').Containers), [id(1)]);
  assert.equal(attach(service, id(5), 'bridge').endpoints[0]?.ipAddress, '10.77.0.3');
  using _running = listenIn(running.netnsPath!, 8000);
  assert.equal(await callFrom(undefined, '10.77.0.2', 8000), '10.77.0.1');
});

test('a bridge that the flags do not name any more goes, and a lost one is made again with its ports', async () => {
  await using networks = await openNetworks({ bip: '10.77.0.1/24' });
  const sandbox = attach(networks.service, id(1), 'bridge');
  using host = new Netlink();
  host.send(deleteLink(networks.config.bridge));
  const service = await networks.reopen();
  await service.restore([{ containerId: id(1), sandbox }]);
  using _running = listenIn(sandbox.netnsPath!, 8000);
  assert.equal(await callFrom(undefined, '10.77.0.2', 8000), '10.77.0.1');

  host.send(
    createLink('bridge', { name: 'stale0' }),
    changeLink('stale0', { alias: `berth-${networks.config.identity.suffix}` }),
  );
  await (await networks.reopen()).restore([{ containerId: id(1), sandbox }]);
  assert.equal(findLink(host, 'stale0'), undefined);
});

test('an attach that fails leaves nothing', async () => {
  await using networks = await openNetworks({ bip: '10.77.0.1/24', fixedCidr: '10.77.0.8/30' });
  const given = [1, 2, 3, 4].map((n) => attach(networks.service, id(n), 'bridge').endpoints[0]?.ipAddress);
  assert.deepEqual(given, ['10.77.0.8', '10.77.0.9', '10.77.0.10', '10.77.0.11']);
  const before = linkNames().length;
  assert.throws(() => attach(networks.service, id(5), 'bridge'), /no available IPv4 addresses/);
  assert.equal(linkNames().length, before);
  assert.equal(existsSync(join(networks.config.execRoot, 'netns', id(5))), false);
});

test('a hundred containers come and go and leave nothing', async (t) => {
  await using networks = await openNetworks({ bip: '10.77.0.1/24' });
  const attached: number[] = [];
  const detached: number[] = [];
  for (let n = 0; n < 100; n++) {
    const start = performance.now();
    attach(networks.service, id(n), 'bridge');
    const middle = performance.now();
    networks.service.detach(id(n));
    attached.push(middle - start);
    detached.push(performance.now() - middle);
  }
  await networks.service.settled();
  assert.deepEqual(linkNames().sort(), [networks.config.bridge, 'lo'].sort());
  assert.deepEqual(readdirSync(join(networks.config.execRoot, 'netns')), []);
  for (const [name, times] of Object.entries({ attached, detached })) {
    times.sort((a, b) => a - b);
    t.diagnostic(`${name}: median ${times[50]?.toFixed(2)} ms, 90 % below ${times[90]?.toFixed(2)} ms`);
  }
});

test('networks are listed, found by name and ID, and keep their IDs', async () => {
  await using networks = await openNetworks({ bip: '10.77.0.1/24' });
  const bridge = networks.service.inspect('bridge');
  assert.match(bridge.Id, /^[0-9a-f]{64}$/);
  assert.equal(networks.service.inspect(bridge.Id).Name, 'bridge');
  assert.equal(networks.service.inspect(bridge.Id.slice(0, 12)).Name, 'bridge');
  assert.throws(() => networks.service.inspect('nobody'), NotFound);
  const sandbox = attach(networks.service, id(1), 'bridge');
  assert.deepEqual(networks.service.inspect('bridge').Containers, {
    [id(1)]: {
      Name: `name-${id(1)}`,
      EndpointID: sandbox.endpoints[0]?.endpointId,
      MacAddress: '02:42:0a:4d:00:02',
      IPv4Address: '10.77.0.2/24',
      IPv6Address: '',
    },
  });
  const names = (json: string) => networks.service.list(Filters.parse(json)).map((network) => network.Name);
  assert.deepEqual(names('{}'), ['bridge', 'host', 'none']);
  assert.deepEqual(names('{"driver":["null"]}'), ['none']);
  assert.deepEqual(names('{"name":["o"]}'), ['host', 'none']);
  assert.deepEqual(names('{"type":["custom"]}'), []);
  assert.throws(() => names('{"type":["strange"]}'), InvalidArgument);
  await networks.reopen();
  assert.equal(networks.service.inspect('bridge').Id, bridge.Id);
});

test('connecting and disconnecting are told once each', async () => {
  await using networks = await openNetworks({ bip: '10.77.0.1/24' });
  const events = networks.events.subscribe();
  attach(networks.service, id(1), 'bridge');
  networks.service.detach(id(1));
  networks.service.detach(id(1));
  networks.events.close();
  const told = [];
  for await (const event of events) told.push([event.Type, event.Action, event.Actor.Attributes]);
  const attributes = { container: id(1), name: 'bridge', type: 'bridge' };
  assert.deepEqual(told, [
    ['network', 'connect', attributes],
    ['network', 'disconnect', attributes],
  ]);
});

/** What an engine leaves that dies between two steps: a namespace that belongs to no record, and a veth in the host. */
function halfMade(execRoot: string, alias: string): void {
  mkdirSync(join(execRoot, 'netns'), { recursive: true });
  writeFileSync(join(execRoot, 'netns', id(6)), '');
  createNetns(join(execRoot, 'netns', id(4)), (home) => {
    using netlink = new Netlink();
    netlink.send(createVeth({ name: 'eth0' }, { name: 'vethhalf', netns: home }));
  });
  using host = new Netlink();
  host.send(changeLink('vethhalf', { alias }));
}

test('a container’s files name it, and the host by host-gateway', async () => {
  await using networks = await openNetworks({ bip: '10.77.0.1/24', dns: ['192.0.2.53'] });
  const request = {
    hostname: 'web',
    extraHosts: ['gw:host-gateway'],
    dns: [],
    dnsSearch: ['example.org'],
    dnsOptions: [],
  };
  const onBridge = networks.service.hostFiles(attach(networks.service, id(1), 'bridge'), request);
  assert.match(onBridge.hosts, /ff02::2\tip6-allrouters\n10\.77\.0\.1\tgw\n10\.77\.0\.2\tweb\n$/);
  assert.equal(onBridge.hostname, 'web\n');
  assert.match(onBridge.resolvConf, /^search example\.org\nnameserver 192\.0\.2\.53\n/);
  const onHost = networks.service.hostFiles(attach(networks.service, id(2), 'host'), request);
  assert.ok(onHost.hosts.startsWith(readFileSync('/etc/hosts', 'utf8')));
  const alone = networks.service.hostFiles(attach(networks.service, id(3), 'none'), request);
  assert.doesNotMatch(alone.hosts, /web/);
});

test('half a start is undone without a word to the listeners', async () => {
  await using networks = await openNetworks({ bip: '10.77.0.1/24' });
  const events = networks.events.subscribe();
  const sandbox = networks.service.prepare(id(1), [wish('bridge')]);
  assert.ok(existsSync(sandbox.netnsPath!));
  networks.service.detach(id(1));
  assert.equal(existsSync(sandbox.netnsPath!), false);
  assert.equal(networks.service.prepare(id(2), [wish('bridge')]).endpoints[0]?.ipAddress, '10.77.0.2');
  networks.events.close();
  for await (const event of events) assert.fail(event.Action);
});
