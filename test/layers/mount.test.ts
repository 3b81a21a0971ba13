import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { mountRootfs, unmountRootfs } from '../../src/layers/index.ts';
import { scratchFolder } from './fixtures.ts';

/** Folders for a mount with `count` layers, each with a file of its own and one that all of them have. */
function layout(count: number, name = 'mount') {
  const scratch = scratchFolder(name);
  const make = (part: string) => {
    mkdirSync(join(scratch.path, part), { recursive: true });
    return join(scratch.path, part);
  };
  const lowers = Array.from({ length: count }, (_, index) => {
    const path = make(`${String(index).padStart(64, '0')}/diff`);
    writeFileSync(join(path, `own-${index}`), '');
    writeFileSync(join(path, 'all'), String(index));
    return path;
  });
  const rootfs = { lowers, upper: make('upper'), work: make('work'), target: make('target') };
  return {
    rootfs,
    [Symbol.dispose]: () => {
      unmountRootfs(rootfs.target);
      scratch[Symbol.dispose]();
    },
  };
}

describe('mountRootfs', () => {
  for (const count of [1, 2, 30, 100, 128]) {
    test(`stacks ${count} layers, the last on top, and writes into the upper one`, () => {
      using own = layout(count);
      const { rootfs } = own;
      mountRootfs(rootfs);
      assert.equal(readFileSync(join(rootfs.target, 'all'), 'utf8'), String(count - 1));
      assert.ok(existsSync(join(rootfs.target, 'own-0')));
      writeFileSync(join(rootfs.target, 'new'), 'n');
      assert.equal(readFileSync(join(rootfs.upper, 'new'), 'utf8'), 'n');
      unmountRootfs(rootfs.target);
      assert.ok(!existsSync(join(rootfs.target, 'all')));
      mountRootfs(rootfs);
      assert.equal(readFileSync(join(rootfs.target, 'new'), 'utf8'), 'n');
    });
  }

  test('mounts the upper folder alone when there is no layer', () => {
    using own = layout(0);
    mountRootfs(own.rootfs);
    writeFileSync(join(own.rootfs.target, 'new'), 'n');
    assert.ok(existsSync(join(own.rootfs.upper, 'new')));
  });

  for (const count of [0, 2]) {
    test(`refuses writes when it is read-only, with ${count} layers`, () => {
      using own = layout(count);
      mountRootfs({ ...own.rootfs, readonly: true });
      assert.throws(() => writeFileSync(join(own.rootfs.target, 'new'), ''), { code: 'EROFS' });
    });
  }

  test('takes folders whose names mean something in mount options', () => {
    using own = layout(3, 'a,b:c\\d');
    mountRootfs(own.rootfs);
    assert.equal(readFileSync(join(own.rootfs.target, 'all'), 'utf8'), '2');
  });

  test('refuses more than 128 layers', () => {
    using own = layout(129);
    assert.throws(() => mountRootfs(own.rootfs), RangeError);
  });

  test('unmounting what is not mounted, or not there, is no error', () => {
    using own = layout(1);
    unmountRootfs(own.rootfs.target);
    unmountRootfs(join(own.rootfs.target, 'missing'));
  });
});
