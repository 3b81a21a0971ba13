import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { notifyManager, SyscallError } from '../../src/linux/index.ts';
import { ManagerSocket } from './manager-socket.ts';

suite('telling the service manager', () => {
  test('reaches a socket of the file system and an abstract one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-notify-'));
    for (const path of [join(folder, 'notify'), `@berth-test-${process.pid}`]) {
      using manager = new ManagerSocket(path);
      assert.equal(notifyManager(['READY=1', 'STATUS=fine'], path), true);
      assert.deepEqual(manager.receive(), ['READY=1\nSTATUS=fine']);
    }
    rmSync(folder, { recursive: true });
  });

  test('nobody to tell is no error, a manager that is gone is one', () => {
    assert.equal(notifyManager(['READY=1'], undefined), false);
    assert.equal(notifyManager(['READY=1'], ''), false);
    assert.throws(() => notifyManager(['READY=1'], '/nowhere/notify'), SyscallError);
  });
});
