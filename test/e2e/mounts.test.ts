import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { needs, startEngine, type TestEngine } from '../harness/index.ts';

describe('mounts of the host, by the official client', needs('root', 'docker'), () => {
  let engine: TestEngine;
  let folder: string;
  before(async () => {
    engine = await startEngine();
    folder = mkdtempSync(join(tmpdir(), 'berth-mounts-'));
    writeFileSync(join(folder, 'file'), 'from the host\n');
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  const run = (...args: string[]) => engine.docker('run', '--rm', '--network', 'none', ...args);

  test('a folder is shared both ways', async () => {
    const { stdout, code } = await run(
      '-v',
      `${folder}:/data`,
      'busybox',
      'sh',
      '-c',
      'cat /data/file; echo back > /data/new',
    );
    assert.equal(stdout, 'from the host\n');
    assert.equal(code, 0);
    assert.equal(readFileSync(join(folder, 'new'), 'utf8'), 'back\n');
  });

  test('a single file is mounted', async () => {
    const { stdout } = await run('-v', `${folder}/file:/etc/one`, 'busybox', 'cat', '/etc/one');
    assert.equal(stdout, 'from the host\n');
  });

  for (const option of [
    ['-v', 'FOLDER:/data:ro'],
    ['--mount', 'type=bind,source=FOLDER,target=/data,readonly'],
  ]) {
    test(`${option.join(' ')} cannot be written`, async () => {
      const args = option.map((word) => word.replace('FOLDER', folder));
      const { code, stderr } = await run(...args, 'busybox', 'touch', '/data/x');
      assert.equal(code, 1);
      assert.match(stderr, /Read-only file system/);
      assert.equal(existsSync(join(folder, 'x')), false);
    });
  }

  test('--volume makes a folder that is missing, --mount refuses it', async () => {
    const missing = join(folder, 'missing');
    const refused = await run('--mount', `type=bind,source=${missing},target=/data`, 'busybox', 'true');
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /bind source path does not exist/);
    assert.equal((await run('-v', `${missing}:/data`, 'busybox', 'true')).code, 0);
    assert.equal(existsSync(missing), true);
  });

  test('a tmpfs has the size that it is given', async () => {
    const { stdout } = await run(
      '--mount',
      'type=tmpfs,target=/fast,tmpfs-size=1m',
      'busybox',
      'df',
      '-k',
      '/fast',
    );
    assert.match(stdout, /\b1024\b.*\/fast/);
  });

  test('inspect shows them', async () => {
    const { stdout: id } = await engine.docker('create', '-v', `${folder}:/data:ro`, 'busybox');
    const { stdout } = await engine.docker('inspect', '--format', '{{json .Mounts}}', id.trim());
    const mount = {
      Type: 'bind',
      Source: folder,
      Destination: '/data',
      Mode: 'ro',
      RW: false,
      Propagation: 'rprivate',
    };
    assert.deepEqual(JSON.parse(stdout), [mount]);
  });

  test('docker cp sees them, and cannot write where the container cannot', async () => {
    const { stdout: id } = await engine.docker('create', '-v', `${folder}:/data:ro`, 'busybox');
    // The place for the mount is made by the first start.
    await engine.docker('start', '-a', id.trim());
    const copied = await engine.docker('cp', `${id.trim()}:/data/file`, join(folder, 'copied'));
    assert.equal(copied.code, 0, copied.stderr);
    assert.equal(readFileSync(join(folder, 'copied'), 'utf8'), 'from the host\n');
    const refused = await engine.docker('cp', join(folder, 'file'), `${id.trim()}:/data/written`);
    assert.equal(refused.code, 1);
    assert.equal(existsSync(join(folder, 'written')), false);
  });

  test('places twice and paths that are not absolute are refused', async () => {
    for (const args of [
      ['-v', `${folder}:/data`, '-v', `${folder}:/data/`],
      ['-v', `${folder}:data`],
      ['-v', `${folder}:/`],
    ]) {
      assert.equal((await run(...args, 'busybox', 'true')).code, 125, args.join(' '));
    }
  });
});
