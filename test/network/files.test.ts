import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgument } from '../../src/api/index.ts';
import { hostsFile, isResolvedStub, parseResolvConf, resolvConfFile } from '../../src/network/index.ts';

const ISOLATED = { isolated: true, ipv6: false, named: false };
const NO_SETTINGS = { dns: [], search: [], options: [] };
const ownLines = (text: string) => text.split('\n').slice(6).filter(Boolean);

test('a container finds itself under its full and its bare name, after the extra hosts', () => {
  const text = hostsFile({
    hostname: 'web',
    domainname: 'example.org',
    addresses: ['172.17.0.2', ''],
    extraHosts: ['db:10.0.0.5', 'six:[2001:db8::1]', 'six=2001:db8::2', 'gw:host-gateway'],
    hostGateways: ['172.17.0.1'],
  });
  assert.match(text, /^127\.0\.0\.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n/);
  assert.deepEqual(ownLines(text), [
    '10.0.0.5\tdb',
    '2001:db8::1\tsix',
    '2001:db8::2\tsix',
    '172.17.0.1\tgw',
    '172.17.0.2\tweb.example.org web',
  ]);
});

test('a name that brings its domain is split, a plain one is not', () => {
  const line = (hostname: string) =>
    ownLines(hostsFile({ hostname, addresses: ['10.0.0.2'], extraHosts: [], hostGateways: [] }));
  assert.deepEqual(line('web.example.org'), ['10.0.0.2\tweb.example.org web']);
  assert.deepEqual(line('web'), ['10.0.0.2\tweb']);
});

test('on the host’s network the host’s own file stands at the head', () => {
  const text = hostsFile({
    hostname: 'host',
    addresses: [],
    extraHosts: ['a:1.2.3.4'],
    hostGateways: [],
    hostFile: '127.0.0.1 localhost',
  });
  assert.equal(text, '127.0.0.1 localhost\n1.2.3.4\ta\n');
});

test('extra hosts that are malformed are refused', () => {
  for (const entry of ['', 'name', ':1.2.3.4', 'name:', 'name:1.2.3', 'a\nb:1.2.3.4', 'gw:host-gateway']) {
    const request = { hostname: 'x', addresses: [], extraHosts: [entry], hostGateways: [] };
    assert.throws(() => hostsFile(request), InvalidArgument, JSON.stringify(entry));
  }
});

test('name servers that a container cannot reach are left out', () => {
  const host = parseResolvConf(
    '# a comment\nnameserver 127.0.0.1\nnameserver 10.0.0.53\nnameserver fd00::53\ndomain old\nsearch a.org  b.org\noptions ndots:2\nsortlist 10.0.0.0\n',
  );
  assert.equal(
    resolvConfFile(host, NO_SETTINGS, ISOLATED),
    'search a.org b.org\nnameserver 10.0.0.53\noptions ndots:2\nsortlist 10.0.0.0\n',
  );
  assert.match(
    resolvConfFile(host, NO_SETTINGS, { isolated: true, ipv6: true, named: false }),
    /10\.0\.0\.53\nnameserver fd00::53/,
  );
  assert.match(
    resolvConfFile(host, NO_SETTINGS, { isolated: false, ipv6: false, named: false }),
    /nameserver 127\.0\.0\.1\n/,
  );
});

test('public servers stand in when none can be reached', () => {
  for (const text of ['', 'nameserver ::1\n', 'nameserver 127.0.0.53\n', 'nameserver fe80::1%eth0\n']) {
    const file = resolvConfFile(parseResolvConf(text), NO_SETTINGS, ISOLATED);
    assert.equal(file, 'nameserver 8.8.8.8\nnameserver 8.8.4.4\n', text);
  }
});

test('what the user says goes before what the host has', () => {
  const host = parseResolvConf('search a.org\nnameserver 10.0.0.53\noptions ndots:2\n');
  assert.equal(
    resolvConfFile(host, { dns: ['127.0.0.1'], search: ['x.org'], options: ['rotate'] }, ISOLATED),
    'search x.org\nnameserver 127.0.0.1\noptions rotate\n',
  );
  assert.equal(
    resolvConfFile(host, { dns: [], search: ['.'], options: [] }, ISOLATED),
    'nameserver 10.0.0.53\noptions ndots:2\n',
  );
});

test('the stub of systemd-resolved is known', () => {
  assert.ok(isResolvedStub(parseResolvConf('nameserver 127.0.0.53\n')));
  assert.ok(!isResolvedStub(parseResolvConf('nameserver 127.0.0.53\nnameserver 10.0.0.1\n')));
  assert.ok(!isResolvedStub(parseResolvConf('')));
});
