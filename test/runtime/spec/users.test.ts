import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { InvalidArgument } from '../../../src/api/index.ts';
import { resolveUser } from '../../../src/runtime/index.ts';

const PASSWD = `# a comment
root:x:0:0:root:/root:/bin/sh
app:x:1000:1001:App:/srv/app:/bin/sh
alias:x:1000:1002::/elsewhere:/bin/sh
homeless:x:1003:1003:::
broken line
`;
const GROUP = `root:x:0:
app:x:1001:
extra:x:50:app,other
more:x:51:app
`;

suite('users of an image', () => {
  let root: string;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'users-'));
    mkdirSync(join(root, 'etc'));
    writeFileSync(join(root, 'etc/passwd'), PASSWD);
    writeFileSync(join(root, 'etc/group'), GROUP);
  });
  after(() => rmSync(root, { recursive: true }));

  const resolve = (user: string, ...groups: string[]) => {
    const { ids, home } = resolveUser(root, user, groups);
    return [ids.uid, ids.gid, ids.additionalGids, home];
  };

  test('nobody named is root', () => {
    assert.deepEqual(resolve(''), [0, 0, [0], '/root']);
  });

  test('by name and by number, with the groups that list the user', () => {
    assert.deepEqual(resolve('app'), [1000, 1001, [1001, 50, 51], '/srv/app']);
    assert.deepEqual(resolve('1000'), [1000, 1001, [1001, 50, 51], '/srv/app']);
  });

  test('a group that is named takes the place of the user’s own', () => {
    assert.deepEqual(resolve('app:extra'), [1000, 50, [50], '/srv/app']);
    assert.deepEqual(resolve('app:7'), [1000, 7, [7], '/srv/app']);
    assert.deepEqual(resolve(':extra'), [0, 50, [50], '/root']);
  });

  test('further groups, each once', () => {
    assert.deepEqual(resolve('0', 'extra', '51', '51'), [0, 0, [0, 50, 51], '/root']);
  });

  test('a number needs no entry, and its home is the root folder', () => {
    assert.deepEqual(resolve('4321:8765'), [4321, 8765, [8765], '/']);
    assert.deepEqual(resolve('homeless'), [1003, 1003, [1003], '/']);
  });

  test('names and numbers that there are not are refused', () => {
    for (const user of ['nosuch', '-1', '4294967295', 'app:nosuch', '1.5'])
      assert.throws(() => resolve(user), InvalidArgument, user);
    assert.throws(() => resolve('app', 'nosuch'), InvalidArgument);
  });

  test('an image without a user database has root and numbers', () => {
    const bare = mkdtempSync(join(tmpdir(), 'bare-'));
    assert.deepEqual(resolveUser(bare, '', []).ids, { uid: 0, gid: 0, additionalGids: [0] });
    assert.throws(() => resolveUser(bare, 'root', []), InvalidArgument);
    rmSync(bare, { recursive: true });
  });

  test('a database that is a link out of the image is not followed', () => {
    const hostile = mkdtempSync(join(tmpdir(), 'hostile-'));
    mkdirSync(join(hostile, 'etc'));
    symlinkSync(join(root, 'etc/passwd'), join(hostile, 'etc/passwd'));
    assert.throws(() => resolveUser(hostile, 'app', []), InvalidArgument);
    rmSync(hostile, { recursive: true });
  });
});
