import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { BerthError, InvalidArgument } from '../../src/api/index.ts';
import {
  digestOf,
  encodeName,
  type Layer,
  LayerStore,
  type TarInput,
  UNPACK_LIMITS,
  type UnpackLimits,
  writeTar,
} from '../../src/layers/index.ts';
import { getXattr, listXattrs } from '../../src/linux/index.ts';
import {
  archive,
  device,
  file,
  folder,
  hardLink,
  save,
  scratchFolder,
  symlink,
  unpackAny,
} from './fixtures.ts';

let scratch: ReturnType<typeof scratchFolder>;
before(() => {
  scratch = scratchFolder('unpack');
});
after(() => scratch[Symbol.dispose]());

let count = 0;

/** A store of its own, without anything in it; closed and checked for left-overs with the test. */
async function store(limits: Partial<UnpackLimits> = {}) {
  const root = join(scratch.path, `store-${count++}`);
  const layers = await LayerStore.open(root, { ...UNPACK_LIMITS, ...limits });
  return { root, layers, [Symbol.asyncDispose]: () => layers[Symbol.asyncDispose]() };
}

async function unpack(inputs: TarInput[]): Promise<Layer> {
  await using own = await store();
  return await unpackAny(own.layers, save(scratch.path, await archive(inputs)));
}

/** Asserts that an archive is refused and that nothing stays behind, in the store or beside it. */
async function refused(
  bytes: Uint8Array,
  { names = '', limits = {} }: { names?: string; limits?: Partial<UnpackLimits> } = {},
): Promise<void> {
  await using own = await store(limits);
  await assert.rejects(unpackAny(own.layers, save(scratch.path, bytes)), (error: Error) => {
    assert.ok(error instanceof InvalidArgument, `${error.name}: ${error.message}`);
    assert.ok(error.message.includes(names), error.message);
    return true;
  });
  assert.deepEqual(readdirSync(join(own.root, 'layers')), []);
  assert.deepEqual(readdirSync(join(own.root, 'tmp/layers')), []);
  assert.ok(!existsSync(join(own.root, 'escaped')) && !existsSync('/escaped'));
}

describe('unpacking a layer', () => {
  test('gives files their owners, modes and times', async () => {
    const { path, size } = await unpack([
      folder('dir', { mode: 0o2750, uid: 11, gid: 12, mtime: { seconds: 1000, nanoseconds: 5 } }),
      file('dir/setuid', 'abc', {
        mode: 0o6755,
        uid: 21,
        gid: 22,
        mtime: { seconds: 2000, nanoseconds: 123456789 },
      }),
      file('implied/parent/file', '12345'),
    ]);
    const dir = lstatSync(join(path, 'dir'), { bigint: true });
    assert.deepEqual(
      [dir.mode & 0o7777n, dir.uid, dir.gid, dir.mtimeNs],
      [0o2750n, 11n, 12n, 1_000_000_000_005n],
    );
    const setuid = lstatSync(join(path, 'dir/setuid'), { bigint: true });
    assert.deepEqual([setuid.mode & 0o7777n, setuid.uid, setuid.gid], [0o6755n, 21n, 22n]);
    assert.equal(setuid.mtimeNs, 2_000_123_456_789n);
    assert.equal(lstatSync(join(path, 'implied')).mode & 0o7777, 0o755);
    assert.equal(lstatSync(path).mode & 0o7777, 0o755);
    assert.equal(size, 8);
  });

  test('makes links, fifos and devices', async () => {
    const { path } = await unpack([
      file('a', 'one'),
      hardLink('b', 'a'),
      hardLink('c', './a'),
      symlink('absolute', '/etc/passwd'),
      symlink('up', '../../../etc'),
      { entry: { name: 'pipe', type: 'fifo', mode: 0o600 } },
      device('dev/null', 1, 3),
      { entry: { name: 'dev/loop', type: 'block', major: 7, minor: 300, mode: 0o660, gid: 6 } },
    ]);
    assert.equal(statSync(join(path, 'b')).ino, statSync(join(path, 'c')).ino);
    assert.equal(statSync(join(path, 'a')).nlink, 3);
    assert.equal(readlinkSync(join(path, 'absolute')), '/etc/passwd');
    assert.equal(readlinkSync(join(path, 'up')), '../../../etc');
    assert.ok(lstatSync(join(path, 'pipe')).isFIFO());
    const null_ = lstatSync(join(path, 'dev/null'));
    assert.ok(null_.isCharacterDevice());
    assert.equal(null_.rdev, (1 << 8) | 3);
    assert.equal(null_.mode & 0o777, 0o666);
    const listing = execFileSync('stat', ['-c', '%F %t %T', join(path, 'dev/loop')], { encoding: 'utf8' });
    assert.equal(listing, 'block special file 7 12c\n');
  });

  test('keeps extended attributes, file capabilities among them, and leaves out those of overlayfs', async () => {
    const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
    const { path } = await unpack([
      file('ping', 'x', {
        uid: 5,
        xattrs: new Map([
          ['security.capability', capability],
          ['user.note', Buffer.from('hello')],
          ['trusted.overlay.redirect', Buffer.from('/etc')],
        ]),
      }),
    ]);
    assert.deepEqual(getXattr(join(path, 'ping'), 'security.capability'), capability);
    assert.equal(getXattr(join(path, 'ping'), 'user.note').toString(), 'hello');
    assert.ok(!listXattrs(join(path, 'ping')).includes('trusted.overlay.redirect'));
  });

  test('turns whiteouts and opaque folders into overlayfs form', async () => {
    const { path } = await unpack([
      folder('etc'),
      file('etc/.wh.gone'),
      folder('opaque'),
      file('opaque/.wh..wh..opq'),
      file('opaque/new', 'n'),
      file('.wh..wh.plnk'),
      file('.wh.replaced'),
      folder('replaced'),
      file('kept', 'k'),
      file('.wh.kept'),
      file('.wh.parent'),
      file('parent/child', 'c'),
    ]);
    const gone = lstatSync(join(path, 'etc/gone'));
    assert.ok(gone.isCharacterDevice() && gone.rdev === 0);
    for (const name of ['opaque', 'replaced', 'parent']) {
      assert.equal(getXattr(join(path, name), 'trusted.overlay.opaque').toString(), 'y', name);
    }
    assert.equal(readFileSync(join(path, 'kept'), 'utf8'), 'k');
    assert.deepEqual(readdirSync(path).sort(), ['etc', 'kept', 'opaque', 'parent', 'replaced']);
    assert.deepEqual(readdirSync(join(path, 'opaque')), ['new']);
  });

  test('lets later entries replace earlier ones', async () => {
    const { path } = await unpack([
      file('a', 'old'),
      hardLink('b', 'a'),
      file('a', 'new'),
      folder('d'),
      file('d/x', 'x'),
      file('d', 'file now'),
      symlink('s', '/etc'),
      folder('s'),
      file('s/inside', 'i'),
    ]);
    assert.equal(readFileSync(join(path, 'a'), 'utf8'), 'new');
    assert.equal(readFileSync(join(path, 'b'), 'utf8'), 'old');
    assert.equal(readFileSync(join(path, 'd'), 'utf8'), 'file now');
    assert.equal(readFileSync(join(path, 's/inside'), 'utf8'), 'i');
  });

  test('follows a symbolic link that stays inside, and takes any bytes as names', async () => {
    const { path } = await unpack([
      folder('usr/lib'),
      symlink('lib', 'usr/lib'),
      file('lib/x', 'through'),
      file('./dot/../plain', 'p'),
      file('latin-\xe9', 'bytes'),
      file(encodeName('utf-é'), 'text'),
    ]);
    assert.equal(readFileSync(join(path, 'usr/lib/x'), 'utf8'), 'through');
    assert.equal(readFileSync(join(path, 'plain'), 'utf8'), 'p');
    const names = readdirSync(path, { encoding: 'latin1' as 'utf8' });
    assert.ok(names.includes('latin-\xe9'));
    assert.equal(readFileSync(join(path, 'utf-é'), 'utf8'), 'text');
  });

  for (const [name, compress] of [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    test(`reads ${name} and knows the digest of what is inside`, async () => {
      await using own = await store();
      const bytes = await archive([file('f', 'compressed')]);
      const layer = await own.layers.unpack(digestOf(bytes), save(scratch.path, compress(bytes)));
      assert.equal(layer.diffId, digestOf(bytes));
      assert.equal(readFileSync(join(layer.path, 'f'), 'utf8'), 'compressed');
    });
  }

  test('gives the tree that GNU tar gives', async () => {
    const bytes = execFileSync('tar', ['-cf', '-', '-C', '/', 'usr/sbin', 'etc'], {
      maxBuffer: 2 ** 30,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const source = save(scratch.path, bytes);
    await using own = await store();
    const { path } = await unpackAny(own.layers, source);
    const reference = join(scratch.path, 'reference');
    execFileSync('mkdir', [reference]);
    execFileSync('tar', ['-xpf', source, '-C', reference]);
    const list = (root: string) =>
      execFileSync('find', ['.', '!', '-name', '.', '-printf', '%P %y %m %U:%G %s %T@ %n %l\\n'], {
        cwd: root,
        encoding: 'utf8',
        maxBuffer: 2 ** 28,
      })
        .split('\n')
        .filter((line) => !/ d /.test(line) || !/^(usr|etc) /.test(line))
        .map((line) => (/ d /.test(line) ? line.replace(/ \d+ (\d+\.\d+) \d+ $/, ' $1') : line))
        .sort();
    // GNU tar's own format has whole seconds; both readers therefore agree on them.
    assert.deepEqual(list(path), list(reference));
    execFileSync('diff', ['-rq', '--no-dereference', path, reference]);
  });
});

describe('a hostile archive is refused and leaves nothing behind', () => {
  const cases: [string, TarInput[], string][] = [
    ['a name that climbs out', [file('../escaped', 'x')], '../escaped'],
    ['a name that climbs out later', [file('a/../../escaped', 'x')], 'a/../../escaped'],
    ['an absolute name', [file('/etc/escaped', 'x')], '/etc/escaped'],
    ['an absolute name that climbs out', [file('/../escaped', 'x')], '/../escaped'],
    [
      'a file through a link to an absolute place',
      [symlink('x', '/tmp'), file('x/escaped', 'x')],
      'x/escaped',
    ],
    [
      'a file through a link that climbs out',
      [symlink('d/x', '../../..'), file('d/x/escaped', 'x')],
      'd/x/escaped',
    ],
    [
      'a file through a chain of links',
      [symlink('a', 'b'), symlink('b', '../..'), file('a/escaped', 'x')],
      'a/escaped',
    ],
    [
      'a file through a link that took the place of a folder',
      [folder('d'), file('d/ok'), symlink('d', '/'), file('d/escaped', 'x')],
      'd/escaped',
    ],
    [
      'a file through a link that took the place of a harmless link',
      [folder('t'), symlink('l', 't'), file('l/ok'), symlink('l', '/'), file('l/escaped', 'x')],
      'l/escaped',
    ],
    ['a folder through a link', [symlink('x', '/'), folder('x/escaped')], 'x/escaped'],
    ['a whiteout through a link', [symlink('x', '/'), file('x/.wh.escaped')], 'x/.wh.escaped'],
    ['a link in a circle', [symlink('x', 'y'), symlink('y', 'x'), file('x/f')], 'x/f'],
    ['a hard link that climbs out', [hardLink('x', '../../../etc/passwd')], '../../../etc/passwd'],
    ['a hard link to a file of the host', [hardLink('x', '/etc/passwd')], '/etc/passwd'.slice(1)],
    ['a hard link through a link', [symlink('e', '/etc'), hardLink('x', 'e/passwd')], 'x'],
    ['a hard link to a folder', [folder('d'), hardLink('x', 'd')], 'x'],
    ['a whiteout of the parent', [folder('d'), file('d/.wh...')], '.wh...'],
    ['a whiteout of the folder itself', [folder('d'), file('d/.wh..')], '.wh..'],
    ['a file below a file', [file('f', 'x'), file('f/g', 'x')], 'f/g'],
    ['a root that is a file', [file('./', 'x', {}), symlink('.', '/etc')], '.'],
    ['a name of more than 255 bytes', [file(`d/${'n'.repeat(256)}`)], 'nnn'],
    ['a path of more than 4096 bytes', [file(`${'d/'.repeat(2100)}f`)], 'd/d/'],
    ['a device that does not exist', [device('dev/x', 70_000, 1)], 'dev/x'],
  ];
  for (const [what, inputs, names] of cases) {
    test(what, async () => refused(await archive(inputs.map(withoutBodyOfFolders)), { names }));
  }

  test('more devices than anyone needs', async () => {
    const bomb = Array.from({ length: 1100 }, (_, index) => device(`dev/d${index}`, 8, index));
    await refused(await archive(bomb), { names: 'device' });
  });

  test('more entries than allowed', async () => {
    const many = Array.from({ length: 501 }, (_, index) => file(`f${index}`));
    await refused(await archive(many), { names: '500', limits: { entries: 500 } });
  });

  test('more folders than can be remembered', async () => {
    const many = Array.from({ length: 50 }, (_, index) => folder(`${'d'.repeat(100)}${index}`));
    await refused(await archive(many), { names: 'folders', limits: { folderNames: 1000 } });
  });

  test('more bytes than allowed', async () => {
    await refused(await archive([file('big', 'x'.repeat(100_000))]), {
      names: '50000',
      limits: { size: 50_000 },
    });
  });

  for (const [name, compress] of [
    ['gzip', (bytes: Buffer) => gzipSync(bytes, { level: 9 })],
    ['zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
  ] as const) {
    test(`a gigabyte of zeroes behind a small ${name} stream`, async () => {
      await refused(compress(await zeroes(2 ** 30)), { names: 'bomb' });
    });
  }

  test('a size that is not there', async () => {
    const bytes = await archive([file('claims', 'x'.repeat(600))]);
    await refused(bytes.subarray(0, 900), { names: 'claims' });
  });

  test('truncated and corrupted compressed streams', async () => {
    const bytes = await archive([
      file(
        'random',
        Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251)).toString('latin1'),
      ),
    ]);
    for (const packed of [gzipSync(bytes), zstdCompressSync(bytes)]) {
      await refused(packed.subarray(0, packed.length - 20));
      const damaged = Buffer.from(packed);
      damaged[Math.floor(packed.length / 2)]! ^= 0xff;
      damaged[packed.length - 2]! ^= 0xff;
      await refused(damaged);
    }
  });

  test('another layer than the one asked for', async () => {
    await using own = await store();
    const source = save(scratch.path, await archive([file('f', 'x')]));
    await assert.rejects(own.layers.unpack(digestOf(Buffer.from('other')), source), InvalidArgument);
    assert.deepEqual(readdirSync(join(own.root, 'layers')), []);
    assert.deepEqual(readdirSync(join(own.root, 'tmp/layers')), []);
  });
});

describe('LayerStore', () => {
  test('unpacks a layer once, however many ask', async () => {
    await using own = await store();
    const bytes = await archive(Array.from({ length: 300 }, (_, index) => file(`f${index}`, 'x')));
    const source = save(scratch.path, bytes);
    const all = await Promise.all(
      Array.from({ length: 20 }, () => own.layers.unpack(digestOf(bytes), source)),
    );
    assert.equal(new Set(all).size, 1);
    assert.deepEqual(readdirSync(join(own.root, 'tmp/layers')), []);
    const again = await own.layers.unpack(digestOf(bytes), '/does/not/exist');
    assert.equal(again.size, 300);
  });

  test('does not let one bad archive spoil the same layer for others', async () => {
    await using own = await store();
    const bytes = await archive(Array.from({ length: 100 }, (_, index) => file(`f${index}`, 'x')));
    const diffId = digestOf(bytes);
    const bad = own.layers.unpack(diffId, save(scratch.path, await archive([file('forged')])));
    const good = own.layers.unpack(diffId, save(scratch.path, bytes));
    await assert.rejects(bad, InvalidArgument);
    assert.equal((await good).size, 100);
  });

  test('removes what is unused and keeps what is pinned', async () => {
    await using own = await store();
    const layer = await unpackAny(own.layers, save(scratch.path, await archive([file('f')])));
    using pin = own.layers.pins.pin(layer.diffId);
    own.layers.remove(layer.diffId);
    assert.ok(own.layers.has(layer.diffId));
    pin[Symbol.dispose]();
    await own.layers.sweep(() => false);
    assert.ok(!own.layers.has(layer.diffId));
  });

  test('removes at the next start what was left half made', async () => {
    const { root, layers } = await store();
    await layers[Symbol.asyncDispose]();
    execFileSync('mkdir', ['-p', join(root, 'tmp/layers/half/diff/a')]);
    await using _next = await LayerStore.open(root);
    for (let tries = 0; readdirSync(join(root, 'tmp/layers')).length > 0; tries++) {
      assert.ok(tries < 200, 'still there');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });

  test('tells errors of the machine from those of the archive', async () => {
    await using own = await store();
    await assert.rejects(
      unpackAny(own.layers, '/does/not/exist'),
      (error: Error) => error instanceof BerthError && !(error instanceof InvalidArgument),
    );
  });

  test('leaves the main thread its own root and threads', async () => {
    await using own = await store();
    const source = save(
      scratch.path,
      await archive(Array.from({ length: 2000 }, (_, index) => file(`f${index}`))),
    );
    const unpacking = unpackAny(own.layers, source);
    for (let round = 0; round < 20; round++) {
      assert.ok(existsSync(source));
      assert.equal(execFileSync('cat', [source]).length, statSync(source).size);
    }
    await unpacking;
  });
});

function withoutBodyOfFolders(input: TarInput): TarInput {
  return input.entry.name.endsWith('/') ? { entry: { ...input.entry, size: 0 } } : input;
}

/** A compressed-size-friendly archive of one file of zeroes, built without a slow path. */
async function zeroes(size: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const chunk = Buffer.alloc(1 << 24);
  const body = (async function* () {
    for (let left = size; left > 0; left -= chunk.length) yield chunk;
  })();
  for await (const part of writeTar([{ entry: { name: 'zero', size }, body }])) parts.push(part);
  return Buffer.concat(parts);
}
