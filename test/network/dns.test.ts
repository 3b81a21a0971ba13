import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, beforeEach, suite, test } from 'node:test';
import { decode, encode } from 'dns-packet';
import {
  boundSocket,
  changeLink,
  createNetns,
  deleteNetns,
  inNetns,
  Netlink,
} from '../../src/linux/index.ts';
import { type DnsView, Forwarder, NameServer, Names, type Upstream } from '../../src/network/index.ts';
import { ask, askOverTcp, dataOf, exchange, queryOf } from './dns-client.ts';
import { becomePrivateHost } from './private-host.ts';

let folder: string;
let netns: string;
let names: Names;
let view: DnsView;
let upstreams: Upstream[];
let server: NameServer;

const open = () =>
  inNetns(netns, () =>
    NameServer.open({ view: () => view, upstreams: () => upstreams }, names, new Forwarder()),
  );

before(becomePrivateHost);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-dns-'));
  netns = join(folder, 'netns');
  createNetns(netns, () => {
    using netlink = new Netlink();
    netlink.send(changeLink(1, { up: true }));
  });
  names = new Names();
  view = { networks: ['n1', 'n2'], links: new Map(), searchesFirst: () => false };
  upstreams = [];
  server = open();
});

afterEach(() => {
  server[Symbol.dispose]();
  deleteNetns(netns);
  rmSync(folder, { recursive: true });
});

const add = (networkId: string, names_: string[], ...addresses: string[]) =>
  names.add({ networkId, networkName: `net-${networkId}`, names: names_, addresses });

suite('names of containers', () => {
  test('stand for the addresses of their family, in any case, with and without the network', async () => {
    add('n1', ['web', '0123456789ab'], '10.1.0.2', 'fd00::2');
    for (const name of ['web', 'WEB', 'web.net-n1', '0123456789ab']) {
      assert.deepEqual(dataOf(await ask(netns, { name })), ['10.1.0.2'], name);
      assert.deepEqual(dataOf(await ask(netns, { name, type: 'AAAA' })), ['fd00::2'], name);
    }
    assert.deepEqual(dataOf(await askOverTcp(netns, { name: 'web' })), ['10.1.0.2']);
  });

  test('that have no address of a family, or no record of a type, exist all the same', async () => {
    add('n1', ['web'], '10.1.0.2');
    for (const type of ['AAAA', 'MX', 'TXT', 'HTTPS']) {
      const { rcode, answers } = (await ask(netns, { name: 'web', type })) as {
        rcode?: string;
        answers?: [];
      };
      assert.deepEqual({ rcode, answers }, { rcode: 'NOERROR', answers: [] }, type);
    }
  });

  test('are known in the networks of the asking container alone, and the first one counts', async () => {
    add('n3', ['hidden'], '10.3.0.2');
    add('n2', ['both'], '10.2.0.2');
    add('n1', ['both'], '10.1.0.2');
    assert.equal(await code('hidden'), 'SERVFAIL');
    assert.deepEqual(dataOf(await ask(netns, { name: 'both' })), ['10.1.0.2']);
    view = { ...view, networks: ['n2', 'n1'] };
    assert.deepEqual(dataOf(await ask(netns, { name: 'both' })), ['10.2.0.2']);
  });

  test('appear and disappear at once, and are not to be kept', async () => {
    const entry = add('n1', ['web'], '10.1.0.2');
    const { answers } = await ask(netns, { name: 'web' });
    assert.equal(answers?.[0]?.type === 'A' && answers[0].ttl, 0);
    entry[Symbol.dispose]();
    assert.equal(await code('web'), 'SERVFAIL');
  });

  test('that several share are given in changing order', async () => {
    for (const last of [2, 3, 4]) add('n1', [`c${last}`, 'shared'], `10.1.0.${last}`);
    const first = new Set<unknown>();
    for (let round = 0; round < 40; round++) {
      const data = dataOf(await ask(netns, { name: 'shared' }));
      assert.deepEqual(data.toSorted(), ['10.1.0.2', '10.1.0.3', '10.1.0.4']);
      first.add(data[0]);
    }
    assert.deepEqual([...first].sort(), ['10.1.0.2', '10.1.0.3', '10.1.0.4']);
  });

  test('that very many share are cut over UDP and whole over TCP', async () => {
    for (let last = 1; last <= 200; last++) add('n1', ['shared'], `10.1.0.${last}`);
    const short = await ask(netns, { name: 'shared' });
    assert.equal((short as { flag_tc?: boolean }).flag_tc, true);
    assert.ok(dataOf(short).length > 10);
    assert.equal(dataOf(await ask(netns, { name: 'shared', udpSize: 8192 })).length, 200);
    assert.equal(dataOf(await askOverTcp(netns, { name: 'shared' })).length, 200);
  });

  test('are found by their addresses', async () => {
    add('n1', ['web', 'alias'], '10.1.0.2', 'fd00::2');
    const of = async (name: string) => dataOf(await ask(netns, { name, type: 'PTR' }));
    assert.deepEqual(await of('2.0.1.10.in-addr.arpa'), ['web.net-n1']);
    assert.deepEqual(await of(`2.${'0.'.repeat(28)}d.f.ip6.arpa`.replace('0.d.f', '0.0.d.f')), [
      'web.net-n1',
    ]);
    assert.equal(await code('3.0.1.10.in-addr.arpa', 'PTR'), 'SERVFAIL');
    assert.equal(await code('2.0.1.in-addr.arpa', 'PTR'), 'SERVFAIL');
  });

  test('that one container has for another are its own', async () => {
    add('n1', ['web'], '10.1.0.2');
    view = { ...view, links: new Map([['db', 'web']]) };
    assert.deepEqual(dataOf(await ask(netns, { name: 'db' })), ['10.1.0.2']);
  });
});

suite('other names', () => {
  test('are asked of the next server when one fails, and the answer is passed on as it is', async () => {
    using refusing = nameServer('127.0.0.2', 'REFUSED');
    using good = nameServer('127.0.0.3', 'NOERROR');
    upstreams = [
      { address: '127.0.0.9', port: 53, netnsPath: undefined },
      { address: '127.0.0.2', port: refusing.port, netnsPath: undefined },
      { address: '127.0.0.3', port: good.port, netnsPath: undefined },
    ];
    assert.deepEqual(dataOf(await ask(netns, { name: 'elsewhere.example' })), ['192.0.2.1']);
  });

  test('are asked from inside the namespace of a server that only it can reach', async () => {
    using inside = inNetns(netns, () => nameServer('127.0.0.2', 'NOERROR'));
    upstreams = [{ address: '127.0.0.2', port: inside.port, netnsPath: netns }];
    assert.deepEqual(dataOf(await ask(netns, { name: 'elsewhere.example' })), ['192.0.2.1']);
  });

  test('without a dot are left to the search list when the container wants it so', async () => {
    using good = nameServer('127.0.0.3', 'NOERROR');
    upstreams = [{ address: '127.0.0.3', port: good.port, netnsPath: undefined }];
    assert.deepEqual(dataOf(await ask(netns, { name: 'single' })), ['192.0.2.1']);
    view = { ...view, searchesFirst: () => true };
    assert.deepEqual(dataOf(await ask(netns, { name: 'single' })), []);
    assert.deepEqual(dataOf(await ask(netns, { name: 'not.single' })), ['192.0.2.1']);
  });
});

suite('the server', () => {
  test('leaves port 53 to the container', () => {
    inNetns(netns, () => {
      for (const kind of ['udp', 'tcp'] as const) {
        const own = boundSocket(kind, '0.0.0.0', 53);
        assert.equal(own.port, 53);
      }
    });
  });

  test('takes the place of one that has died', async () => {
    add('n1', ['web'], '10.1.0.2');
    server[Symbol.dispose]();
    await assert.rejects(ask(netns, { name: 'web' }));
    server = open();
    assert.deepEqual(dataOf(await ask(netns, { name: 'web' })), ['10.1.0.2']);
  });

  test('answers nonsense with an error, and goes on', async () => {
    const header = Buffer.from([1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    assert.equal((decode(await exchange(netns, header)) as { rcode?: string }).rcode, 'FORMERR');
    const loop = Buffer.concat([header, Buffer.from([0xc0, 12, 0, 1, 0, 1])]);
    assert.equal((decode(await exchange(netns, loop)) as { rcode?: string }).rcode, 'FORMERR');
    const pointer = Buffer.concat([header, Buffer.from([0xc0, 4, 0, 1, 0, 1])]);
    assert.equal((decode(await exchange(netns, pointer)) as { rcode?: string }).rcode, 'SERVFAIL');
    const update = queryOf({ name: 'web' });
    update[2] = update[2]! | (5 << 3);
    assert.equal((decode(await exchange(netns, update)) as { rcode?: string }).rcode, 'NOTIMP');
    await assert.rejects(exchange(netns, Buffer.from([1, 2, 3])));
    add('n1', ['web'], '10.1.0.2');
    assert.deepEqual(dataOf(await ask(netns, { name: 'web' })), ['10.1.0.2']);
  });
});

async function code(name: string, type?: string): Promise<string | undefined> {
  const packet = await ask(netns, type === undefined ? { name } : { name, type });
  return (packet as { rcode?: string }).rcode;
}

/** A name server in the present namespace that gives everything one address, or refuses. */
function nameServer(address: string, rcode: 'NOERROR' | 'REFUSED'): Disposable & { port: number } {
  const bound = boundSocket('udp', address, 0);
  const socket = createSocket('udp4').bind({ fd: bound.fd });
  socket.on('message', (message, from) => {
    const { id, questions = [] } = decode(message);
    const answers = questions.map(({ name }) => ({ type: 'A' as const, name, data: '192.0.2.1' }));
    const flags = rcode === 'REFUSED' ? 5 : 0;
    const response = {
      type: 'response' as const,
      id: id ?? 0,
      flags,
      questions,
      answers: flags ? [] : answers,
    };
    socket.send(encode(response), from.port, from.address);
  });
  return { port: bound.port, [Symbol.dispose]: () => void socket.close() };
}
