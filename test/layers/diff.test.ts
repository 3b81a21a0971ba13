import assert from 'node:assert/strict';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import {
  changesBetween,
  diffLayers,
  type LayerPair,
  LayerStore,
  mountRootfs,
  TarReader,
  unmountRootfs,
} from '../../src/layers/index.ts';
import { getXattr, mknod, S_IFIFO, setXattr } from '../../src/linux/index.ts';
import { needs } from '../harness/index.ts';
import { unpackAny } from './fixtures.ts';

suite('the difference that a container makes', needs('root'), () => {
  let root: string;
  let layers: LayerPair;
  let merged: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'berth-diff-'));
    const [low = '', top = '', upper = '', work = '', target = '', scratch = ''] = [
      ...['low', 'top', 'upper', 'work', 'merged', 'scratch'],
    ].map((name) => join(root, name));
    for (const folder of [low, top, upper, work, target, scratch]) mkdirSync(folder);
    for (const folder of ['etc', 'home', 'opt/app', 'var/spool']) {
      mkdirSync(join(low, folder), { recursive: true });
    }
    for (const file of ['etc/passwd', 'etc/group', 'opt/app/one', 'opt/app/two', 'var/spool/job']) {
      writeFileSync(join(low, file), file);
    }
    mkdirSync(join(top, 'usr'));
    writeFileSync(join(top, 'usr/tool'), 'tool');
    layers = { upper, lowers: [low, top], scratch };
    merged = target;
    mountRootfs({ lowers: layers.lowers, upper, work, target });
  });

  afterEach(() => {
    unmountRootfs(merged);
    rmSync(root, { recursive: true, force: true });
  });

  test('a container that has done nothing differs in nothing, its mount points aside', async () => {
    mkdirSync(join(merged, 'dev/pts'), { recursive: true });
    mkdirSync(join(merged, 'proc'));
    writeFileSync(join(merged, 'etc/hosts'), '');
    assert.deepEqual(await changesBetween(layers), []);
    assert.deepEqual((await archive()).names, []);
  });

  test('what was made, changed and removed is listed, each folder before what is in it', async () => {
    writeFileSync(join(merged, 'etc/passwd'), 'changed');
    mkdirSync(join(merged, 'new/deep'), { recursive: true });
    writeFileSync(join(merged, 'new/deep/file'), 'x');
    rmSync(join(merged, 'usr/tool'));
    rmSync(join(merged, 'var/spool'), { recursive: true });
    chmodSync(join(merged, 'home'), 0o700);
    assert.deepEqual(await listed(), [
      'C /etc',
      'C /etc/passwd',
      'C /home',
      'A /new',
      'A /new/deep',
      'A /new/deep/file',
      'C /usr',
      'D /usr/tool',
      'C /var',
      'D /var/spool',
    ]);
  });

  test('a folder that was removed and made again has lost what was in it', async () => {
    rmSync(join(merged, 'opt/app'), { recursive: true });
    mkdirSync(join(merged, 'opt/app'));
    writeFileSync(join(merged, 'opt/app/two'), 'other');
    assert.deepEqual(await listed(), ['C /opt', 'C /opt/app', 'C /opt/app/two', 'D /opt/app/one']);
    assert.ok((await archive()).names.includes('opt/app/.wh..wh..opq'));
  });

  test('a file that came into the writable layer as it was is not changed', async () => {
    const path = join(merged, 'etc/group');
    chmodSync(path, 0o600);
    chmodSync(path, 0o644);
    assert.deepEqual(await listed(), []);
  });

  test('the archive, unpacked over the same layers, gives the same files', async () => {
    const long = 'n'.repeat(200);
    writeFileSync(join(merged, 'home/file'), 'content', { mode: 0o640 });
    setXattr(join(merged, 'home/file'), 'user.note', Buffer.from('kept'));
    linkSync(join(merged, 'home/file'), join(merged, 'home/second'));
    symlinkSync('../nowhere', join(merged, 'home/link'));
    mknod(join(merged, 'home/fifo'), S_IFIFO | 0o600);
    writeFileSync(join(merged, 'home', long), '');
    writeFileSync(join(merged, 'home', 'ä ö'), '');
    writeFileSync(join(merged, 'home/big'), Buffer.alloc(3 << 20, 7));
    rmSync(join(merged, 'usr/tool'));

    const data = join(root, 'data');
    const tar = join(root, 'layer.tar');
    writeFileSync(tar, (await archive()).bytes);
    await using store = await LayerStore.open(data);
    const layer = await unpackAny(store, tar);
    const [upper, work, copy] = ['upper2', 'work2', 'merged2'].map((name) => join(root, name)) as [
      string,
      string,
      string,
    ];
    for (const folder of [upper, work, copy]) mkdirSync(folder);
    mountRootfs({ lowers: [...layers.lowers, layer.path], upper, work, target: copy });
    try {
      assert.deepEqual(tree(copy), tree(merged));
      assert.equal(String(getXattr(join(copy, 'home/second'), 'user.note')), 'kept');
      assert.equal(lstatSync(join(copy, 'home/file')).nlink, 2);
    } finally {
      unmountRootfs(copy);
    }
  });

  test('a layer over none is all its own', async () => {
    const upper = join(root, 'alone');
    mkdirSync(upper);
    writeFileSync(join(upper, 'file'), 'x');
    assert.deepEqual(await changesBetween({ ...layers, upper, lowers: [] }), [{ kind: 1, path: '/file' }]);
  });

  async function listed(): Promise<string[]> {
    return (await changesBetween(layers)).map(({ kind, path }) => `${'CAD'[kind]} ${path}`);
  }

  async function archive(): Promise<{ names: string[]; bytes: Buffer }> {
    const { content } = await diffLayers(layers);
    const chunks: Buffer[] = [];
    for await (const chunk of content as AsyncIterable<Buffer>) chunks.push(chunk);
    const reader = new TarReader(toAsync(chunks));
    const names: string[] = [];
    for (let entry = await reader.next(); entry; entry = await reader.next()) names.push(entry.name);
    return { names, bytes: Buffer.concat(chunks) };
  }
});

async function* toAsync(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks;
}

/** Everything below a folder, as text to compare. */
function tree(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { mode, uid, gid, size, mtimeMs } = lstatSync(path);
      const content = entry.isFile() ? readFileSync(path, 'base64').slice(0, 40) : '';
      const time = entry.isDirectory() ? '' : mtimeMs;
      return [path.slice(folder.length), mode, uid, gid, entry.isFile() ? size : '', time, content].join(' ');
    })
    .sort();
}
