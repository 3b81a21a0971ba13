import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { InvalidArgument } from '../../src/api/index.ts';
import {
  parseFlags,
  resolveSettings,
  type Settings,
  usage,
  withConfigFile,
} from '../../src/daemon/options/index.ts';

function refuses(message: RegExp, body: () => unknown): void {
  assert.throws(body, (error: Error) => {
    assert.ok(error instanceof InvalidArgument, String(error));
    assert.match(error.message, message);
    return true;
  });
}

suite('flags', () => {
  test('values follow in any of the usual ways', () => {
    const expected = { debug: true, logLevel: 'warn', hosts: ['unix:///a', 'tcp://b'] };
    const lines = [
      ['--debug', '--log-level', 'warn', '--host', 'unix:///a', '--host=tcp://b'],
      ['-D', '-l', 'warn', '-H', 'unix:///a', '-Htcp://b'],
      ['-Dl', 'warn', '-H=unix:///a', '-H', 'tcp://b'],
      ['-D=true', '-l=warn', '--host=unix:///a', '--host', 'tcp://b'],
    ];
    for (const line of lines) assert.deepEqual({ ...parseFlags(line) }, expected, line.join(' '));
  });

  test('switches take a value after an equals sign only', () => {
    assert.equal(parseFlags(['--iptables=false']).iptables, false);
    assert.equal(parseFlags(['--icc=0', '--icc=1']).icc, true);
    refuses(/accepts no arguments/, () => parseFlags(['--debug', 'false']));
    refuses(/--debug: "maybe" is neither true nor false/, () => parseFlags(['--debug=maybe']));
  });

  test('each kind of value is read', () => {
    const settings = parseFlags([
      ...[
        '--default-address-pool',
        'base=10.1.0.0/16,size=24',
        '--default-shm-size',
        '128m',
        '--mtu',
        '1400',
      ],
      ...[
        '--default-ulimit',
        'nofile=10:20',
        '--default-ulimit',
        'core=-1',
        '--label',
        'a=b',
        '--log-opt',
        'max-size=1m',
      ],
      ...[
        '--add-runtime',
        'mine=/usr/bin/mine',
        '--bip',
        '10.9.8.1/24',
        '--feature',
        'x=true',
        '--dns',
        '8.8.8.8',
      ],
    ]);
    assert.deepEqual(settings.defaultAddressPools, [{ base: '10.1.0.0/16', size: 24 }]);
    assert.equal(settings.defaultShmSize, 128 * 1024 * 1024);
    assert.equal(settings.mtu, 1400);
    assert.deepEqual(settings.defaultUlimits, {
      nofile: { Name: 'nofile', Soft: 10, Hard: 20 },
      core: { Name: 'core', Soft: -1, Hard: -1 },
    });
    assert.deepEqual(settings.logOpts, { 'max-size': '1m' });
    assert.deepEqual(settings.runtimes, { mine: { path: '/usr/bin/mine', args: [] } });
    assert.deepEqual(settings.features, { x: true });
  });

  test('wrong values are refused with the name of the flag', () => {
    const wrong: Record<string, string> = {
      '--bip': '10.0.0.1',
      '--mtu': '-1',
      '--default-address-pool': 'base=10.0.0.0/24,size=16',
      '--default-ulimit': 'nofile=20:10',
      '--dns': 'name.server',
      '--log-level': 'loud',
      '--default-shm-size': 'much',
      '--default-cgroupns-mode': 'public',
      '--add-runtime': 'mine',
      '--feature': 'x=y',
    };
    for (const [flag, value] of Object.entries(wrong)) {
      refuses(new RegExp(`^invalid argument for ${flag}: `), () => parseFlags([`${flag}=${value}`]));
    }
  });

  test('what is unknown is refused', () => {
    refuses(/^unknown flag: --frobnicate$/, () => parseFlags(['--frobnicate']));
    refuses(/^unknown shorthand flag: 'x' in -x$/, () => parseFlags(['-x']));
    refuses(/^flag needs an argument: --host$/, () => parseFlags(['--host']));
    refuses(/accepts no arguments/, () => parseFlags(['run']));
  });

  test('flags of dockerd that make no difference are accepted, others are refused unless they ask for nothing', () => {
    assert.deepEqual(
      { ...parseFlags(['--live-restore', '--containerd=/x', '--userland-proxy=false', '--raw-logs']) },
      {},
    );
    assert.deepEqual({ ...parseFlags(['--selinux-enabled=false', '-s', 'overlay2', '--ipv6=false']) }, {});
    refuses(/^--selinux-enabled cannot be set: /, () => parseFlags(['--selinux-enabled']));
    refuses(/^--storage-driver cannot be set: /, () => parseFlags(['-s', 'btrfs']));
    refuses(/^--userns-remap cannot be set: /, () => parseFlags(['--userns-remap=default']));
    refuses(/^--exec-opt cannot be set: /, () => parseFlags(['--exec-opt', 'native.cgroupdriver=systemd']));
  });

  test('the usage text names every flag', () => {
    for (const flag of ['--data-root', '--tlsverify', '-H, --host', '--validate'])
      assert.ok(usage().includes(flag), flag);
  });
});

suite('the configuration file', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-options-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** The settings of flags and a file with this content. */
  function settings(content: unknown, flags: string[] = []): Settings {
    const path = join(folder, 'daemon.json');
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return withConfigFile(parseFlags(['--config-file', path, ...flags]));
  }

  test('has the names and shapes of dockerd', () => {
    const read = settings({
      ...{
        debug: true,
        hosts: ['unix:///a'],
        labels: ['a=b'],
        dns: ['1.1.1.1'],
        'log-opts': { 'max-size': '1m' },
      },
      ...{
        'default-address-pools': [{ base: '10.1.0.0/16', size: 24 }],
        'insecure-registries': ['r:5000'],
        mtu: 1400,
      },
      ...{ 'default-ulimits': { nofile: { Name: 'nofile', Soft: 1, Hard: 2 } }, 'default-shm-size': '1g' },
      ...{
        runtimes: { mine: { path: 'mine', runtimeArgs: ['--x'] } },
        features: { y: false },
        'live-restore': true,
      },
      ...{
        'registry-mirrors': ['https://m'],
        builder: { gc: { enabled: true } },
        'exec-opts': [],
        'storage-driver': 'overlay2',
      },
    });
    assert.deepEqual(read.hosts, ['unix:///a']);
    assert.deepEqual(read.defaultAddressPools, [{ base: '10.1.0.0/16', size: 24 }]);
    assert.deepEqual(read.defaultUlimits, { nofile: { Name: 'nofile', Soft: 1, Hard: 2 } });
    assert.equal(read.defaultShmSize, 1024 ** 3);
    assert.deepEqual(read.runtimes, { mine: { path: 'mine', args: ['--x'] } });
    assert.deepEqual(read.features, { y: false });
  });

  test('may be empty, and may be missing unless it was named', () => {
    assert.deepEqual(Object.keys(settings('')), ['configFile']);
    assert.deepEqual(Object.keys(settings('\uFEFF{}')), ['configFile']);
    refuses(/unable to read the configuration file .*absent/, () =>
      withConfigFile(parseFlags(['--config-file', join(folder, 'absent')])),
    );
  });

  test('unknown keys are refused by name', () => {
    refuses(/the following directives don't match any configuration option: foo, bar$/, () =>
      settings({ foo: 1, debug: true, bar: 2 }),
    );
    // A flag's name is not a key where the key is another word.
    refuses(/don't match any configuration option: label$/, () => settings({ label: ['a=b'] }));
    refuses(/don't match any configuration option: config-file$/, () => settings({ 'config-file': 'x' }));
  });

  test('an option that is in both is refused', () => {
    refuses(
      /the following directives are specified both as a flag and in the configuration file: debug: \(from flag: true, from file: false\)$/,
      () => settings({ debug: false }, ['--debug']),
    );
    refuses(/labels: \(from flag: \["x=y"\], from file: \["a=b"\]\)/, () =>
      settings({ labels: ['a=b'] }, ['--label', 'x=y']),
    );
  });

  test('runtimes of both add up', () => {
    const { runtimes } = settings({ runtimes: { a: { path: 'a' } } }, ['--add-runtime', 'b=b']);
    assert.deepEqual(Object.keys(runtimes ?? {}), ['a', 'b']);
  });

  test('wrong types and values are refused with the name of the key', () => {
    for (const [key, value] of Object.entries({
      debug: 'yes',
      mtu: '1400',
      hosts: 'unix:///a',
      'log-opts': [],
      runtimes: { a: {} },
      registry: { gc: { grace: 'soon' } },
    })) {
      refuses(new RegExp(`invalid value for "${key}": `), () => settings({ [key]: value }));
    }
    refuses(/"userns-remap" cannot be set/, () => settings({ 'userns-remap': 'default' }));
    refuses(/JSON/, () => settings('{'));
    refuses(/a JSON object is expected/, () => settings('[]'));
  });
});

suite('settings together', () => {
  const resolve = (...flags: string[]) => resolveSettings(parseFlags(flags));

  test('sockets and pid file follow the exec root', () => {
    const config = resolve('--exec-root', '/tmp/x');
    assert.deepEqual(config.hosts, [{ kind: 'unix', path: '/tmp/x/berth.sock' }]);
    assert.equal(config.pidfile, '/tmp/x/berth.pid');
    assert.deepEqual(resolve().hosts, [{ kind: 'unix', path: '/run/berth/berth.sock' }]);
  });

  test('tlsverify brings TLS, and its port', () => {
    const { tls, hosts } = resolve('--tlsverify', '-H', 'tcp://10.0.0.1');
    assert.equal(tls?.verify, true);
    assert.deepEqual(hosts, [{ kind: 'tcp', host: '10.0.0.1', port: 2376 }]);
    assert.equal(resolve('--tls').tls?.verify, false);
    assert.equal(resolve().tls, undefined);
  });

  test('debug mode logs what is for debugging', () => {
    assert.equal(resolve('-D').engine.logLevel, 'debug');
    assert.equal(resolve('-l', 'error').engine.logLevel, 'error');
  });

  test('cgroup parents are absolute', () => {
    assert.equal(resolve('--cgroup-parent', 'mine').engine.cgroupParent, '/mine');
  });

  test('what does not fit is refused', () => {
    refuses(/default runtime 'x' does not exist/, () => resolve('--default-runtime', 'x'));
    refuses(/bad attribute format: x/, () => resolve('--label', 'x'));
    refuses(/invalid mirror: "x"/, () => resolve('--registry-mirror', 'x'));
    refuses(/invalid bridge name/, () => resolve('--bridge', 'a-name-that-is-too-long'));
    refuses(/invalid host/, () => resolve('-H', 'npipe://x'));
    assert.equal(resolve('--default-runtime', 'runc').engine.defaultRuntime, 'runc');
  });
});
