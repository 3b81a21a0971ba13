import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readMounts } from '../../src/linux/index.ts';
import { needs, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { eventually, execScript, list, start } from './support.ts';

describe('options of the local volume driver', needs('root', 'docker'), () => {
  let engine: TestEngine;
  let folder: string;
  before(async () => {
    engine = await startEngine();
    folder = join(engine.identity.root, 'of-the-host');
    mkdirSync(folder);
    writeFileSync(join(folder, 'file'), 'from the host\n');
  });
  after(() => engine[Symbol.asyncDispose]());
  const docker = (...args: string[]) => succeed(engine.docker(...args));
  const run = (...args: string[]) => engine.docker('run', '--rm', '--network', 'none', ...args);
  const data = (name: string) => join(engine.identity.dataRoot, 'volumes', name, '_data');
  const isMounted = (name: string) => readMounts().some(({ target }) => target === data(name));
  const unmounted = (name: string) => eventually(`${name} is unmounted`, () => !isMounted(name));
  const memory = (name: string, ...more: string[]) =>
    docker('volume', 'create', '-o', 'type=tmpfs', '-o', 'device=tmpfs', ...more, name);
  const bind = (name: string, source = folder) =>
    docker('volume', 'create', '-o', 'type=none', '-o', `device=${source}`, '-o', 'o=bind', name);
  const mounting = (name: string) => ({ host: { Binds: [`${name}:/data`] } });
  const remove = (id: string) => engine.request('DELETE', `/containers/${id}?force=1`);

  test('tmpfs is mounted for the first container and unmounted after the last', async () => {
    await memory('fast', '-o', 'o=size=1m,mode=1770');
    assert.equal(isMounted('fast'), false);
    const [one, two] = [await start(engine, mounting('fast')), await start(engine, mounting('fast'))];
    assert.ok(isMounted('fast'));
    await execScript(engine, one, 'echo shared >/data/file');
    assert.equal(
      await execScript(engine, two, 'cat /data/file; stat -c %a /data; df -k /data | tail -1 | cut -c 22-30'),
      'shared\n1770\n     1024',
    );
    await remove(one);
    assert.ok(isMounted('fast'), 'the other one has it');
    assert.equal(await execScript(engine, two, 'cat /data/file'), 'shared');
    await remove(two);
    await unmounted('fast');
    await docker('volume', 'rm', 'fast');
  });

  test('a folder of the host is bound, and not deleted with the volume', async () => {
    await bind('host');
    assert.equal((await run('-v', 'host:/data', 'busybox', 'cat', '/data/file')).stdout, 'from the host\n');
    await unmounted('host');
    const id = await start(engine, mounting('host'));
    assert.equal((await engine.docker('volume', 'rm', '-f', 'host')).code, 1);
    await remove(id);
    await docker('volume', 'rm', 'host');
    assert.deepEqual(readdirSync(folder), ['file']);
    assert.equal(existsSync(data('host')), false);
  });

  test('an empty file system is filled from the image, one with files is not', async () => {
    await memory('etc');
    const id = await start(engine, { host: { Binds: ['etc:/etc'] } });
    assert.match(await execScript(engine, id, 'ls /etc'), /passwd/);
    await remove(id);
    await bind('full');
    assert.equal((await run('-v', 'full:/etc', 'busybox', 'ls', '/etc')).stdout.includes('passwd'), false);
    await docker('volume', 'rm', 'etc', 'full');
  });

  test('the next engine knows who has a volume mounted, after a stop and after kill -9', async () => {
    await memory('kept');
    const [one, two] = [await start(engine, mounting('kept')), await start(engine, mounting('kept'))];
    await execScript(engine, one, 'echo kept >/data/file');
    await engine.restart();
    await remove(one);
    assert.ok(isMounted('kept'));
    await engine.kill9();
    await engine.start();
    assert.equal(await execScript(engine, two, 'cat /data/file'), 'kept');
    const three = await start(engine, mounting('kept'));
    assert.equal(await execScript(engine, three, 'cat /data/file'), 'kept');
    await remove(two);
    assert.ok(isMounted('kept'));
    await engine.kill9();
    process.kill(pidOf(engine, three), 'SIGKILL');
    await engine.start();
    await unmounted('kept');
    assert.deepEqual(await engine.leftovers(await list(engine)), []);
    await remove(three);
    await docker('volume', 'rm', 'kept');
  });

  for (const [what, options, error] of [
    [
      'a folder that is not there',
      ['type=none', 'o=bind', 'device=/not/there'],
      /\/not\/there does not exist/,
    ],
    [
      'a file system that the kernel does not have',
      ['type=nofs', 'device=:/x'],
      /unknown file system type 'nofs': .*modprobe nofs/,
    ],
    [
      'a server whose name is not known',
      ['type=nfs', 'device=:/x', 'o=addr=nobody.invalid'],
      /error resolving passed in network volume address: nobody.invalid/,
    ],
    [
      'a server that does not serve',
      ['type=nfs', 'device=:/x', 'o=addr=localhost,nolock,soft,timeo=10,retry=0'],
      /failed to mount local volume: mount :\/x:.*addr=(127\.0\.0\.1|::1),nolock/,
    ],
  ] as const) {
    test(`${what} is an error that says so, and nothing is left mounted`, async () => {
      await docker('volume', 'create', ...options.flatMap((it) => ['-o', it]), 'broken');
      const { code, stderr } = await run('-v', 'broken:/data', 'busybox', 'true');
      assert.equal(code, 125);
      assert.match(stderr, error);
      assert.equal(isMounted('broken'), false);
      assert.deepEqual(await engine.leftovers(await list(engine)), []);
      await docker('volume', 'rm', 'broken');
    });
  }

  test('docker cp reaches a volume that is mounted for that alone', async () => {
    await bind('host');
    const id = await docker('create', '-v', 'host:/data', 'busybox');
    const to = join(engine.identity.root, 'copied');
    await docker('cp', `${id}:/data/file`, to);
    assert.equal(readFileSync(to, 'utf8'), 'from the host\n');
    await unmounted('host');
    await docker('rm', id);
    await docker('volume', 'rm', 'host');
  });
});

function pidOf(engine: TestEngine, id: string): number {
  return Number(readFileSync(join(engine.identity.execRoot, 'bundles', id, 'pid'), 'utf8'));
}
