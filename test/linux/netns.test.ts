import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createNetns, deleteNetns, inNetns } from '../../src/linux/index.ts';

const current = () => readlinkSync('/proc/thread-self/ns/net');
const failure = new Error('on purpose');
const fail = () => {
  throw failure;
};

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-netns-'));
  path = join(folder, 'one');
});

afterEach(() => {
  deleteNetns(path);
  rmSync(folder, { recursive: true });
});

test('a namespace lives in its file and is entered again', () => {
  const home = current();
  const made = createNetns(path, current);
  assert.notEqual(made, home);
  assert.equal(current(), home);
  assert.equal(inNetns(path, current), made);
  assert.equal(current(), home);
  deleteNetns(path);
  assert.equal(existsSync(path), false);
  deleteNetns(path);
});

test('the thread comes back when the work fails, and a half-made namespace is gone', () => {
  const home = current();
  assert.throws(() => createNetns(path, fail), failure);
  assert.equal(current(), home);
  assert.equal(existsSync(path), false);
  createNetns(path, () => {});
  assert.throws(() => inNetns(path, fail), failure);
  assert.equal(current(), home);
});

test('entering from inside another namespace comes back to that one', () => {
  const other = join(folder, 'two');
  const outer = createNetns(path, () => {
    const outer = current();
    createNetns(other, () => {});
    assert.equal(current(), outer);
    return outer;
  });
  assert.equal(inNetns(path, current), outer);
  deleteNetns(other);
});

test('a file that is there already is neither used nor removed', () => {
  writeFileSync(path, 'mine');
  assert.throws(() => createNetns(path, () => {}), { code: 'EEXIST' });
  assert.equal(existsSync(path), true);
});

test('what is no namespace is refused', () => {
  assert.throws(() => inNetns(folder, () => {}), { code: 'EINVAL' });
});
