import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { extract, pack } from 'tar-stream';
import { InvalidArgument } from '../../src/api/index.ts';
import {
  decodeName,
  encodeName,
  type TarEntry,
  type TarEntryInit,
  type TarInput,
  TarReader,
  tarHeader,
  writeTar,
} from '../../src/layers/index.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-tar-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function readAll(
  bytes: Uint8Array,
  chunkSize = 1000,
): Promise<Map<string, TarEntry & { body: Buffer }>> {
  const reader = new TarReader(chunks(bytes, chunkSize));
  const entries = new Map<string, TarEntry & { body: Buffer }>();
  for (let entry = await reader.next(); entry; entry = await reader.next()) {
    const body: Buffer[] = [];
    for await (const chunk of reader.body()) body.push(Buffer.from(chunk));
    entries.set(decodeName(entry.name), { ...entry, body: Buffer.concat(body) });
  }
  return entries;
}

async function archive(inputs: TarInput[]): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of writeTar(inputs)) parts.push(part);
  return Buffer.concat(parts);
}

const file = (init: TarEntryInit, body = ''): TarInput => ({ entry: init, body: Buffer.from(body) });

describe('TarReader', () => {
  for (const format of ['v7', 'ustar', 'gnu', 'posix']) {
    test(`reads what GNU tar writes as ${format}`, async () => {
      const source = join(folder, `source-${format}`);
      mkdirSync(join(source, 'dir'), { recursive: true });
      const long = 'n'.repeat(90);
      if (format === 'gnu' || format === 'posix') {
        mkdirSync(join(source, long, long), { recursive: true });
        writeFileSync(join(source, long, long, 'grüße'), 'long');
      }
      writeFileSync(join(source, 'dir/file'), 'x'.repeat(70_000), { mode: 0o640 });
      utimesSync(join(source, 'dir/file'), 1234567890, 1234567890);
      symlinkSync('../dir/file', join(source, 'dir/link'));
      execFileSync('ln', [join(source, 'dir/file'), join(source, 'dir/zhard')]);
      if (format !== 'v7') execFileSync('mkfifo', [join(source, 'fifo')]);
      const bytes = execFileSync(
        'tar',
        ['-c', '--sort=name', `--format=${format}`, '--owner=:1234', '--group=:2345', '-C', source, '.'],
        { maxBuffer: 1 << 24 },
      );
      const entries = await readAll(bytes, 777);
      assert.equal(entries.get('./dir/')?.type, 'directory');
      const plain = entries.get('./dir/file');
      assert.equal(plain?.type, 'file');
      assert.equal(plain?.mode, 0o640);
      assert.equal(plain?.uid, 1234);
      assert.equal(plain?.gid, 2345);
      assert.equal(plain?.mtime.seconds, 1234567890);
      assert.equal(plain?.body.toString(), 'x'.repeat(70_000));
      assert.equal(entries.get('./dir/link')?.linkName, '../dir/file');
      assert.equal(entries.get('./dir/zhard')?.type, 'link');
      assert.equal(entries.get('./dir/zhard')?.linkName, './dir/file');
      if (format !== 'v7') assert.equal(entries.get('./fifo')?.type, 'fifo');
      if (format === 'gnu' || format === 'posix') {
        assert.equal(entries.get(`./${long}/${long}/grüße`)?.body.toString(), 'long');
      }
    });
  }

  test('reads what tar-stream writes, extended attributes in PAX records included', async () => {
    const packer = pack();
    const name = `${'deep/'.repeat(60)}file`;
    packer.entry(
      { name, mode: 0o4755, uid: 5, gid: 6, mtime: new Date(1e12), pax: { 'SCHILY.xattr.user.a': 'value' } },
      'content',
    );
    packer.finalize();
    const parts: Buffer[] = [];
    for await (const part of packer) parts.push(part as Buffer);
    const entry = (await readAll(Buffer.concat(parts))).get(name);
    assert.equal(entry?.mode, 0o4755);
    assert.equal(entry?.xattrs.get('user.a')?.toString(), 'value');
    assert.equal(entry?.body.toString(), 'content');
  });

  test('gives the same entries however the stream is cut', async () => {
    const bytes = await archive([
      file({ name: 'a'.repeat(300), xattrs: new Map([['user.x', Buffer.from([0, 255, 10])]]) }, 'one'),
      file({ name: 'b' }, 'y'.repeat(1500)),
    ]);
    const whole = await readAll(bytes, bytes.length);
    for (const size of [1, 7, 511, 512, 513]) assert.deepEqual(await readAll(bytes, size), whole);
  });

  test('reads sizes in base 256', async () => {
    const bytes = await archive([file({ name: 'big' }, 'abc')]);
    bytes.fill(0, 124, 136);
    bytes[124] = 0x80;
    bytes[135] = 3;
    let sum = 8 * 32;
    for (let index = 0; index < 512; index++) if (index < 148 || index > 155) sum += bytes[index]!;
    bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    assert.equal((await readAll(bytes)).get('big')?.body.toString(), 'abc');
  });

  test('refuses an archive that ends in the middle of an entry', async () => {
    const bytes = await archive([file({ name: 'a' }, 'z'.repeat(5000))]);
    await assert.rejects(readAll(bytes.subarray(0, 3000)), InvalidArgument);
    await assert.rejects(readAll(bytes.subarray(0, 300)), InvalidArgument);
  });

  test('refuses what is not an archive', async () => {
    await assert.rejects(readAll(Buffer.alloc(1024, 'nonsense')), InvalidArgument);
  });

  test('refuses sparse files', async () => {
    const source = join(folder, 'sparse');
    mkdirSync(source);
    execFileSync('truncate', ['-s', '10M', join(source, 'hole')]);
    for (const format of ['gnu', 'posix']) {
      const bytes = execFileSync('tar', ['-cS', `--format=${format}`, '-C', source, 'hole']);
      await assert.rejects(readAll(bytes), InvalidArgument);
    }
  });

  test('refuses extended headers that are malformed or larger than 1 MiB', async () => {
    const large = tarHeader({ name: 'x', size: 2 << 20 });
    large[156] = 'x'.charCodeAt(0);
    const sum = large.reduce((total, byte, index) => total + (index < 148 || index > 155 ? byte : 32), 0);
    large.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    await assert.rejects(readAll(Buffer.concat([large, Buffer.alloc(3 << 20)])), InvalidArgument);
    const pax = await archive([file({ name: 'é'.repeat(10) }, '')]);
    pax.write('99', 512);
    await assert.rejects(readAll(pax), InvalidArgument);
  });

  test('takes a stream without a single byte as an archive without entries', async () => {
    assert.equal((await readAll(Buffer.alloc(0))).size, 0);
  });
});

describe('writeTar', () => {
  const inputs: TarInput[] = [
    { entry: { name: 'dir', type: 'directory', mode: 0o1777 } },
    file(
      {
        name: `${'p/'.repeat(70)}name`,
        mode: 0o6711,
        uid: 7,
        gid: 8,
        mtime: { seconds: 77, nanoseconds: 0 },
      },
      'one',
    ),
    file(
      {
        name: encodeName(`ü${'x'.repeat(200)}`),
        uid: 3_000_000,
        mtime: { seconds: -5, nanoseconds: 500_000_000 },
      },
      'two',
    ),
    { entry: { name: 'sym', type: 'symlink', linkName: 't'.repeat(150) } },
    { entry: { name: 'hard', type: 'link', linkName: 'sym' } },
    { entry: { name: 'null', type: 'char', major: 1, minor: 3, mode: 0o666 } },
    { entry: { name: 'pipe', type: 'fifo' } },
  ];

  test('writes what it reads back', async () => {
    const entries = await readAll(await archive(inputs));
    assert.equal(entries.get('dir/')?.mode, 0o1777);
    assert.deepEqual(entries.get(`${'p/'.repeat(70)}name`)?.mtime, { seconds: 77, nanoseconds: 0 });
    const long = entries.get(`ü${'x'.repeat(200)}`);
    assert.equal(long?.uid, 3_000_000);
    assert.deepEqual(long?.mtime, { seconds: -5, nanoseconds: 500_000_000 });
    assert.equal(entries.get('sym')?.linkName, 't'.repeat(150));
    assert.equal(entries.get('null')?.minor, 3);
    assert.equal(entries.get('pipe')?.type, 'fifo');
  });

  test('writes the same bytes for the same entries', async () => {
    assert.deepEqual(await archive(inputs), await archive(inputs));
  });

  test('writes what GNU tar extracts', async () => {
    const target = join(folder, 'target');
    mkdirSync(target);
    execFileSync('tar', ['-x', '-C', target], { input: await archive(inputs) });
    assert.equal(readFileSync(join(target, `${'p/'.repeat(70)}name`), 'utf8'), 'one');
    assert.equal(readFileSync(join(target, `ü${'x'.repeat(200)}`), 'utf8'), 'two');
    const listing = execFileSync('tar', ['-tvf', '-', '--numeric-owner'], {
      input: await archive(inputs),
      encoding: 'utf8',
    });
    assert.match(listing, /^drwxrwxrwt 0\/0 .* dir\/$/m);
    assert.match(listing, /^crw-rw-rw- 0\/0 +1,3 .* null$/m);
  });

  test('writes what tar-stream reads', async () => {
    const extractor = extract();
    extractor.end(await archive(inputs));
    const names: string[] = [];
    for await (const entry of extractor) {
      names.push(entry.header.name);
      entry.resume();
    }
    assert.equal(names.length, inputs.length);
    assert.ok(names.includes(`ü${'x'.repeat(200)}`));
  });

  test('fails when a body is not as long as announced', async () => {
    await assert.rejects(archive([{ entry: { name: 'a', size: 5 }, body: Buffer.from('abc') }]), /content/);
  });
});
