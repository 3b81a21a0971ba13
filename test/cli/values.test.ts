import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { DetachFilter, parseDetachKeys } from '../../src/cli/attach/detach-keys.ts';
import { parseCpus, parseUlimit } from '../../src/cli/container/checks.ts';
import { splitCsv } from '../../src/cli/container/csv.ts';
import { parseMount, splitVolumes } from '../../src/cli/container/mounts.ts';
import { parsePublish } from '../../src/cli/container/publish.ts';
import { CliError } from '../../src/cli/errors.ts';
import { parseReference } from '../../src/cli/reference.ts';

suite('detach keys', () => {
  const feed = (pieces: readonly string[]) => {
    const filter = new DetachFilter(parseDetachKeys('ctrl-p,ctrl-q'));
    let passed = '';
    for (const piece of pieces) {
      const { pass, detached } = filter.push(Buffer.from(piece));
      passed += Buffer.from(pass).toString();
      if (detached) return `${passed}|detached`;
    }
    return passed;
  };

  test('are found also when they come one by one', () => {
    assert.equal(feed(['ab\x10\x11cd']), 'ab|detached');
    assert.equal(feed(['ab\x10', '\x11']), 'ab|detached');
  });

  test('that turn out to be something else are passed on', () => {
    assert.equal(feed(['a\x10b\x11c']), 'a\x10b\x11c');
    assert.equal(feed(['\x10\x10\x11']), '\x10|detached');
  });

  test('can be chosen', () => {
    assert.deepEqual(parseDetachKeys('a,ctrl-c,ctrl-[,ctrl-@'), [97, 3, 27, 0]);
    assert.throws(() => parseDetachKeys('zz'), CliError);
  });
});

suite('values', () => {
  test('image references are split, and completed', () => {
    assert.partialDeepStrictEqual(parseReference('busybox'), {
      familiar: 'busybox:latest',
      repository: 'busybox',
      tag: 'latest',
    });
    assert.partialDeepStrictEqual(parseReference('docker.io/library/busybox:1'), { familiar: 'busybox:1' });
    assert.partialDeepStrictEqual(parseReference('docker.io/me/app'), { familiar: 'me/app:latest' });
    assert.partialDeepStrictEqual(parseReference('localhost:5000/a/b:t'), {
      repository: 'localhost:5000/a/b',
      tag: 't',
    });
    const digest = `sha256:${'a'.repeat(64)}`;
    assert.partialDeepStrictEqual(parseReference(`x@${digest}`), {
      familiar: `x@${digest}`,
      tag: '',
      digest,
    });
    assert.equal(parseReference('a'.repeat(64)).named, false);
    for (const bad of ['', 'UPPER', 'a b', 'a:b:c', '/a', 'a//b', 'a:', '-a'])
      assert.throws(() => parseReference(bad), CliError, bad);
  });

  test('comma separated values may be quoted', () => {
    assert.deepEqual(splitCsv('a=b,"c=1,2",d'), ['a=b', 'c=1,2', 'd']);
    assert.deepEqual(splitCsv('"a""b"'), ['a"b']);
    assert.throws(() => splitCsv('"a'), Error);
  });

  test('mounts have their fields', () => {
    assert.deepEqual(parseMount('type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1777'), {
      Type: 'tmpfs',
      Target: '/t',
      TmpfsOptions: { SizeBytes: 1048576, Mode: 0o1777 },
    });
    assert.deepEqual(parseMount('src=v,target=/v,ro'), {
      Type: 'volume',
      Source: 'v',
      Target: '/v',
      ReadOnly: true,
    });
    for (const bad of [
      'zz',
      'type=bind',
      'dst=/x,zz=1',
      'type=bind,src=/a,dst=/b,volume-nocopy',
      'dst=/x,ro=maybe',
    ]) {
      assert.throws(() => parseMount(bad), Error, bad);
    }
  });

  test('volumes are binds, names or anonymous', () => {
    const { binds, anonymous } = splitVolumes(['/a:/b:ro', 'name:/c', '/anonymous', './here:/d']);
    assert.deepEqual(binds, ['/a:/b:ro', 'name:/c', `${process.cwd()}/here:/d`]);
    assert.deepEqual(anonymous, { '/anonymous': {} });
  });

  test('published ports are single, ranges, or a choice', () => {
    const show = (spec: string) =>
      parsePublish(spec).map(({ port, binding }) => `${binding.HostIp}|${binding.HostPort}|${port}`);
    assert.deepEqual(show('80'), ['||80/tcp']);
    assert.deepEqual(show('8080:80/udp'), ['|8080|80/udp']);
    assert.deepEqual(show('127.0.0.1::80'), ['127.0.0.1||80/tcp']);
    assert.deepEqual(show('[::1]:1-2:3-4'), ['::1|1|3/tcp', '::1|2|4/tcp']);
    assert.deepEqual(show('8000-8010:80'), ['|8000-8010|80/tcp']);
    for (const bad of ['x', '80:', '99999', '1.2.3:1:1', '80/zz', '1-2:1-3', '2-1:2-1']) {
      assert.throws(() => parsePublish(bad), CliError, bad);
    }
  });

  test('CPUs are counted in billionths', () => {
    assert.equal(parseCpus('1.5'), 1_500_000_000);
    assert.equal(parseCpus('1/4'), 250_000_000);
    assert.equal(parseCpus('.000000001'), 1);
    for (const bad of ['', 'x', '1.0000000001', '1/0']) assert.throws(() => parseCpus(bad), Error, bad);
  });

  test('limits have a soft and a hard half', () => {
    assert.deepEqual(parseUlimit('nofile=5:6'), { Name: 'nofile', Soft: 5, Hard: 6 });
    assert.deepEqual(parseUlimit('core=-1'), { Name: 'core', Soft: -1, Hard: -1 });
    for (const bad of ['nofile', 'zz=1', 'nofile=5:3', 'nofile=1:2:3', 'nofile=x', 'nofile=-1:5']) {
      assert.throws(() => parseUlimit(bad), Error, bad);
    }
  });
});
