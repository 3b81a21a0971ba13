import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { getXattr, setXattr } from '../../src/linux/index.ts';
import { needs, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { Disk } from './disk.ts';
import { create, execScript, expectStatus, start } from './support.ts';

/** A folder with something of everything, a big file that takes a while to copy, and a VOLUME. */
const content = (mebibytes: number) =>
  'mkdir -p /srv/data/sub /srv/empty && cd /srv/data && echo text >sub/file && ln sub/file hard && ln -s sub/file soft && ln -s /etc/passwd out && ' +
  'chown 11:12 sub/file && chmod 4750 sub/file && chown 13:14 . && chmod 2711 . && mkfifo pipe && touch -d 2001-02-03 sub && ' +
  'chown 15:16 /srv/empty && chmod 1733 /srv/empty && mkdir /srv/big && ' +
  `dd if=/dev/zero of=/srv/big/a bs=1M count=${mebibytes} 2>/dev/null && cp /srv/big/a /srv/big/z && ` +
  'ln -s /srv/data /srv/link && chmod 700 sub';

describe('copying from the image into a new volume', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
    await makeImage(engine, 40);
  });
  after(() => engine[Symbol.asyncDispose]());
  const docker = (...args: string[]) => succeed(engine.docker(...args));
  const data = (name: string, ...path: string[]) =>
    join(engine.identity.dataRoot, 'volumes', name, '_data', ...path);
  const make = (...mounts: string[]) => docker('create', ...mounts, 'filled');
  /** What a container sees of a folder. */
  const look = async (folder: string, ...mounts: string[]) => {
    const text = `cd ${folder} && find . | sort | while read -r f; do stat -c '%n %f %h %u:%g %s %Y' "$f"; done; cat sub/file; readlink soft`;
    return docker('run', '--rm', '--network', 'none', ...mounts, 'filled', 'sh', '-c', text);
  };

  test('owners, modes, times, links, attributes and special files come along', async () => {
    const bare = await look('/srv/data', '--mount', 'type=tmpfs,target=/elsewhere');
    await docker('volume', 'create', 'whole');
    const copied = await look('/srv/data', '-v', 'whole:/srv/data');
    assert.equal(copied, bare);
    assert.equal(getXattr(data('whole', 'sub/file'), 'user.note').toString(), 'kept');
    await docker('volume', 'rm', 'whole');
  });

  test('a VOLUME of the image is filled too, and so is one that lies behind a link', async () => {
    const id = await make();
    const [mount] = JSON.parse(await docker('inspect', '--format', '{{json .Mounts}}', id));
    assert.equal(mount.Destination, '/srv/data');
    assert.equal(readFileSync(join(mount.Source, 'sub/file'), 'utf8'), 'text\n');
    const other = await make('-v', 'linked:/srv/link');
    assert.equal(readFileSync(data('linked', 'hard'), 'utf8'), 'text\n');
    await docker('rm', '-v', id, other);
    await docker('volume', 'rm', 'linked');
  });

  test('an empty folder gives its owner and mode', async () => {
    const id = await make('-v', 'empty:/srv/empty');
    const { uid, gid, mode } = statSync(data('empty'));
    assert.deepEqual([uid, gid, mode & 0o7777], [15, 16, 0o1733]);
    await docker('rm', '-v', id);
    await docker('volume', 'rm', 'empty');
  });

  test('not with nocopy, and not into what has files, is for a subpath or comes from another container', async () => {
    const ids = [await make('-v', 'bare:/srv/data:nocopy')];
    ids.push(await make('--mount', 'source=bare,target=/srv/data,volume-nocopy'));
    assert.deepEqual(readdirSync(data('bare')), []);
    ids.push(await make('--volumes-from', ids[0]!));
    assert.deepEqual(readdirSync(data('bare')), []);
    await docker('run', '--rm', '--network', 'none', '-v', 'bare:/x', 'busybox', 'mkdir', '/x/own');
    ids.push(await make('-v', 'bare:/srv/data'));
    ids.push(await make('--mount', 'source=bare,target=/srv/data,volume-subpath=own'));
    assert.deepEqual(readdirSync(data('bare')), ['own']);
    assert.deepEqual(readdirSync(data('bare', 'own')), []);
    await docker('rm', '-v', ...ids);
    await docker('volume', 'rm', 'bare');
  });

  test('a container that has the empty volume already sees what another one brings', async () => {
    const first = await start(engine, { host: { Binds: ['both:/x'] } });
    const second = await make('-v', 'both:/srv/data');
    assert.equal(await execScript(engine, first, 'cat /x/sub/file; stat -c %a:%u /x'), 'text\n2711:13');
    await docker('rm', '-f', first, second);
    await docker('volume', 'rm', 'both');
  });

  test('of containers that are made at once, one brings everything', async () => {
    const ids = await Promise.all(Array.from({ length: 6 }, () => make('-v', 'race:/srv/data')));
    assert.deepEqual(readdirSync(data('race')).sort(), ['hard', 'out', 'pipe', 'soft', 'sub']);
    await docker('rm', '-v', ...ids);
    await docker('volume', 'rm', 'race');
  });

  test('kill -9 of the engine in the middle of it leaves no half-filled volume', async () => {
    await docker('volume', 'create', 'half');
    for (const pause of [0, 5, 20, 60]) {
      const asked = create(engine, { config: { Image: 'filled' }, host: { Binds: ['half:/srv/big'] } }).catch(
        () => '',
      );
      for (const end = Date.now() + 5000; Date.now() < end; await sleep(1)) {
        if (existsSync(join(engine.identity.dataRoot, 'volumes/half/_next'))) break;
        if (readdirSync(data('half')).length > 0) break;
      }
      await sleep(pause);
      await engine.kill9();
      const id = await asked;
      await engine.start();
      const found = readdirSync(data('half'));
      assert.ok(
        found.length === 0 || (found.length === 2 && statSync(data('half', 'z')).size === 40 << 20),
        `${found}`,
      );
      assert.deepEqual(readdirSync(join(engine.identity.dataRoot, 'volumes/half')), ['_data']);
      const listed = (await docker('ps', '-aq', '--no-trunc')).split('\n').filter(Boolean);
      if (id !== '') assert.deepEqual(listed, [id]);
      for (const it of listed) await docker('rm', '-fv', it);
      assert.deepEqual((await docker('volume', 'ls', '-q')).split('\n'), ['half']);
      if (found.length > 0) break;
    }
    await docker('volume', 'rm', 'half');
    assert.deepEqual(await engine.leftovers(), []);
  });
});

describe('a full disk', needs('root', 'docker'), () => {
  test('what cannot be copied leaves no container, no volume and an empty one empty', async () => {
    using disk = new Disk(`/tmp/berth-volumes-full-${process.pid}`, 96);
    await using engine = await startEngine({
      flags: ['--data-root', join(disk.folder, 'data')],
      images: ['busybox'],
    });
    await makeImage(engine, 5);
    await succeed(engine.docker('volume', 'create', 'there'));
    disk.fill(6 << 20);
    for (const name of ['there', 'new']) {
      const { code, stderr } = await engine.docker('create', '-v', `${name}:/srv/big`, 'filled');
      assert.equal(code, 1);
      assert.match(stderr, /no space left|ENOSPC/i);
    }
    assert.equal(await succeed(engine.docker('volume', 'ls', '-q')), 'there');
    const volumes = join(disk.folder, 'data/volumes');
    assert.deepEqual(readdirSync(join(volumes, 'there')), ['_data']);
    assert.deepEqual(readdirSync(join(volumes, 'there/_data')), []);
    assert.deepEqual(readdirSync(volumes), ['there']);
    const big = await start(engine, { host: { Binds: ['there:/data'] } });
    await execScript(engine, big, 'dd if=/dev/zero of=/data/x bs=1M count=4 2>/dev/null');
    const cloned = await engine.berth('volume', 'clone', 'there', 'copy');
    assert.equal(cloned.code, 1);
    assert.deepEqual(readdirSync(volumes), ['there']);
    disk.free();
    assert.equal((await engine.berth('volume', 'clone', 'there', 'copy')).code, 0);
    expectStatus(await engine.request('DELETE', `/containers/${big}?force=1`), 204);
  });
});

async function makeImage(engine: TestEngine, mebibytes: number): Promise<void> {
  const id = await succeed(engine.docker('create', 'busybox', 'sh', '-c', content(mebibytes)));
  await succeed(engine.docker('start', '-a', id));
  const upper = await succeed(engine.docker('inspect', '-f', '{{.GraphDriver.Data.UpperDir}}', id));
  setXattr(join(upper, 'srv/data/sub/file'), 'user.note', Buffer.from('kept'));
  await succeed(engine.docker('commit', '-c', 'VOLUME /srv/data', '-c', 'CMD ["true"]', id, 'filled'));
  await succeed(engine.docker('rm', id));
}
