import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { MS_BIND, mount, umountIfMounted } from '../../src/linux/index.ts';
import { needs, proves, run, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { execScript, start } from './support.ts';

describe('mounts in all forms, by the official client', needs('root', 'docker'), () => {
  let engine: TestEngine;
  let folder: string;
  const shared: string[] = [];
  before(async () => {
    engine = await startEngine();
    folder = join(engine.identity.root, 'of-the-host');
    mkdirSync(folder);
  });
  after(async () => {
    for (const path of shared.reverse()) umountIfMounted(path);
    await engine[Symbol.asyncDispose]();
  });
  const docker = (...args: string[]) => succeed(engine.docker(...args));
  const tryRun = (...args: string[]) => engine.docker('run', '--rm', '--network', 'none', ...args);
  const shell = (mounts: readonly string[], text: string) =>
    succeed(tryRun(...mounts, 'busybox', 'sh', '-c', text));
  const data = (name: string, ...path: string[]) =>
    join(engine.identity.dataRoot, 'volumes', name, '_data', ...path);
  /** A folder of the host with a file system of its own in `below`, into and out of which mounts spread. */
  const sharedFolder = async (name: string) => {
    const path = join(folder, name);
    for (const it of [path, join(path, 'below')]) {
      if (!existsSync(it)) mkdirSync(it);
      mount('none', it, 'tmpfs');
      shared.push(it);
      if (it === path) await succeed(run('mount', ['--make-shared', path]));
    }
    return path;
  };

  test('two containers see what the other writes at once', async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(() => start(engine, { host: { Binds: ['meet:/data'] } })),
    );
    await execScript(engine, one!, 'echo one >/data/file');
    assert.equal(await execScript(engine, two!, 'echo two >>/data/file; cat /data/file'), 'one\ntwo');
    await docker('rm', '-f', one!, two!);
    assert.equal(await shell(['-v', 'meet:/x'], 'cat /x/file'), 'one\ntwo');
    await docker('volume', 'rm', 'meet');
  });

  test('volumes lie in each other by their paths, in whatever order they are named', async () => {
    const mounts = ['-v', 'inner:/a/b', '-v', `${folder}:/a/b/c`, '-v', 'outer:/a'];
    await shell(mounts, 'touch /a/in-outer /a/b/in-inner /a/b/c/in-folder');
    assert.ok(existsSync(data('outer', 'in-outer')));
    assert.ok(existsSync(data('inner', 'in-inner')));
    assert.ok(existsSync(join(folder, 'in-folder')));
    await docker('volume', 'rm', 'inner', 'outer');
  });

  test('a read-only mount is so with what is mounted below it, unless told otherwise', async () => {
    const source = await sharedFolder('nested');
    const can = async (option: string) =>
      shell(
        ['--mount', `type=bind,source=${source},target=/m,readonly${option}`],
        'touch /m/x 2>/dev/null && echo -n top; touch /m/below/x 2>/dev/null && echo -n below; grep -c " /m/" /proc/mounts; true',
      );
    assert.equal(await can(''), '1');
    assert.equal(await can(',bind-recursive=writable'), 'below1');
    assert.equal(await can(',bind-recursive=disabled'), '0');
    assert.equal(await can(',bind-propagation=rprivate,bind-recursive=readonly'), '1');
    assert.equal(await shell(['-v', `${source}:/m:ro`], 'touch /m/below/x 2>&1 | grep -c Read-only'), '1');
  });

  for (const [mode, inward, outward] of [
    ['rprivate', false, false],
    ['rslave', true, false],
    ['rshared', true, true],
  ] as const) {
    test(`with ${mode} mounts spread ${inward ? 'in' : 'neither in'}${outward ? ' and out' : inward ? '' : ' nor out'}`, async () => {
      const source = await sharedFolder(`spread-${mode}`);
      for (const name of ['host', 'container']) mkdirSync(join(source, name));
      const id = await docker(
        'run',
        '-d',
        '--privileged',
        '--network',
        'none',
        '-v',
        `${source}:/m:${mode}`,
        'busybox',
        'sleep',
        '600',
      );
      mount('none', join(source, 'host'), 'tmpfs');
      shared.push(join(source, 'host'));
      writeFileSync(join(source, 'host/file'), '');
      assert.equal(await execScript(engine, id, 'ls /m/host'), inward ? 'file' : '');
      await execScript(engine, id, 'mount -t tmpfs none /m/container && touch /m/container/file');
      assert.equal(existsSync(join(source, 'container/file')), outward);
      await execScript(engine, id, 'umount /m/container');
      await docker('rm', '-f', id);
    });
  }

  test('propagation that the host does not allow is refused', async () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed);
    mount('none', closed, 'tmpfs');
    shared.push(closed);
    await succeed(run('mount', ['--make-private', closed]));
    const refused = await tryRun('-v', `${closed}:/m:shared`, 'busybox', 'true');
    assert.match(
      refused.stderr,
      new RegExp(`path ${closed} is mounted on ${closed} but it is not a shared mount`),
    );
    assert.match(
      (await tryRun('-v', `${closed}:/m:slave`, 'busybox', 'true')).stderr,
      /not a shared or slave mount/,
    );
  });

  test('--mount makes a source that is missing only if told so', async () => {
    const missing = join(folder, 'made/for/it');
    const refused = await tryRun('--mount', `type=bind,source=${missing},target=/m`, 'busybox', 'true');
    assert.match(refused.stderr, /bind source path does not exist/);
    const body = {
      Image: 'busybox',
      HostConfig: {
        Mounts: [{ Type: 'bind', Source: missing, Target: '/m', BindOptions: { CreateMountpoint: true } }],
      },
    };
    const { Id } = (await engine.request('POST', '/containers/create', { body })).json();
    await docker('start', '-a', Id);
    assert.ok(existsSync(missing));
    await docker('rm', Id);
  });

  test('words about labels and consistency are taken and change nothing', async () => {
    for (const mode of ['z', 'Z', 'rw,z', 'cached', 'delegated', 'consistent', 'ro,Z']) {
      assert.equal(await shell(['-v', `${folder}:/m:${mode}`], 'echo fine'), 'fine');
    }
    assert.equal(
      await shell(['--mount', `type=bind,source=${folder},target=/m,consistency=cached`], 'echo fine'),
      'fine',
    );
  });

  test('tmpfs has the size and the mode that it is given', async () => {
    proves('run --mount', 'run --tmpfs');
    const text = 'stat -c %a /m; df -k /m | tail -1 | tr -s " " | cut -d " " -f 2; grep " /m " /proc/mounts';
    const seen = (await shell(['--mount', 'type=tmpfs,target=/m,tmpfs-size=2m,tmpfs-mode=1750'], text)).split(
      '\n',
    );
    assert.deepEqual(seen.slice(0, 2), ['1750', '2048']);
    assert.match(seen[2]!, /^tmpfs \/m tmpfs rw,nosuid,nodev,noexec/);
    assert.match(
      await shell(['--tmpfs', '/m:size=2m,mode=1700,exec'], text),
      /^1700\n2048\ntmpfs \/m tmpfs rw,nosuid,nodev,relatime/,
    );
    const readonly = await tryRun('--mount', 'type=tmpfs,target=/m,readonly', 'busybox', 'touch', '/m/x');
    assert.match(readonly.stderr, /Read-only/);
  });

  test('an image is mounted as it is, read-only, and is not removed while a container has it', async () => {
    await docker('tag', 'busybox', 'tools');
    const whole = ['--mount', 'type=image,source=tools,target=/tools'];
    assert.match(await shell(whole, 'ls /tools/bin | head -1; touch /tools/x 2>&1 || true'), /Read-only/);
    const part = ['--mount', 'type=image,source=tools,target=/tools,image-subpath=etc'];
    assert.match(await shell(part, 'cat /tools/passwd'), /^root:/);
    const outside = ['--mount', 'type=image,source=tools,target=/tools,image-subpath=nothing'];
    assert.match((await tryRun(...outside, 'busybox', 'true')).stderr, /failed to access subpath "nothing"/);
    const id = await docker('create', ...whole, 'busybox');
    await docker('cp', `${id}:/tools/etc/passwd`, join(folder, 'passwd'));
    assert.match(readFileSync(join(folder, 'passwd'), 'utf8'), /^root:/);
    const [seen] = JSON.parse(await docker('inspect', '-f', '{{json .Mounts}}', id));
    assert.deepEqual(
      [seen.Type, seen.Source, seen.Destination, seen.RW],
      ['image', 'tools', '/tools', false],
    );
    await docker('rm', id);
    assert.match(
      (await tryRun('--mount', 'type=image,source=none,target=/x', 'busybox')).stderr,
      /No such image: none/,
    );
  });

  test('of a subpath a container sees that alone, and no way leads out of the volume', async () => {
    await shell(
      ['-v', 'deep:/d'],
      'mkdir -p /d/a/b && echo inside >/d/a/b/file && ln -s a/b /d/in && ln -s ../../.. /d/up && ln -s /etc /d/abs',
    );
    const sub = (path: string) =>
      tryRun(
        '--mount',
        `source=deep,target=/s,volume-subpath=${path}`,
        'busybox',
        'sh',
        '-c',
        'cat /s/file 2>/dev/null || cat /s',
      );
    for (const path of ['a/b', 'a/b/', 'in', 'a/b/file', 'a/../a/b'])
      assert.equal((await sub(path)).stdout, 'inside\n', path);
    for (const path of ['up', 'abs', 'in/../../..', 'up/etc']) {
      const { code, stderr } = await sub(path);
      assert.equal(code, 125, path);
      assert.match(stderr, /path escapes from base|relative path within the volume|no such file/, path);
    }
    for (const path of ['..', '../deep', '/etc', 'a/../..']) {
      assert.match((await sub(path)).stderr, /must be a relative path within the volume/, path);
    }
    assert.match((await sub('a/none')).stderr, /failed to access subpath "a\/none".*no such file/);
    assert.equal((await engine.docker('ps', '-q')).stdout, '');

    // What a container swaps after the start leads nowhere either.
    const id = await docker(
      'run',
      '-d',
      '--network',
      'none',
      '--mount',
      'source=deep,target=/s,volume-subpath=a/b',
      'busybox',
      'sleep',
      '600',
    );
    await shell(['-v', 'deep:/d'], 'mv /d/a/b /d/a/c && ln -s /etc /d/a/b');
    assert.equal(await execScript(engine, id, 'cat /s/file'), 'inside');
    const out = await engine.docker('cp', `${id}:/s/passwd`, join(folder, 'stolen'));
    assert.equal(out.code, 1);
    await docker('stop', '-t', '0', id);
    assert.equal((await engine.docker('cp', `${id}:/s/passwd`, join(folder, 'stolen'))).code, 1);
    assert.match((await engine.docker('start', id)).stderr, /path escapes from base/);
    await docker('rm', id);
    await docker('volume', 'rm', 'deep');
  });

  test('docker cp goes through volumes of running, stopped and new containers; commit, diff and export leave them out', async () => {
    const make = ['--network', 'none', '-v', 'copied:/data', '-v', `${folder}:/host`, 'busybox'];
    writeFileSync(join(folder, 'note'), 'note\n');
    const fresh = await docker('create', ...make);
    await docker('cp', join(folder, 'note'), `${fresh}:/data/new`);
    assert.equal(readFileSync(data('copied', 'new'), 'utf8'), 'note\n');
    const id = await docker(
      'run',
      '-d',
      ...make,
      'sh',
      '-c',
      'echo root >/kept; echo volume >/data/left; sleep 600',
    );
    await docker('cp', join(folder, 'note'), `${id}:/data/running`);
    assert.equal(await execScript(engine, id, 'cat /data/running'), 'note');
    await docker('stop', '-t', '0', id);
    await docker('cp', `${id}:/data/left`, join(folder, 'left'));
    assert.equal(readFileSync(join(folder, 'left'), 'utf8'), 'volume\n');
    assert.deepEqual((await docker('diff', id)).split('\n').sort(), ['A /data', 'A /host', 'A /kept']);
    await docker('export', '-o', join(folder, 'export.tar'), id);
    const exported = await succeed(run('tar', ['-tf', join(folder, 'export.tar')]));
    assert.match(exported, /^kept$/m);
    assert.doesNotMatch(exported, /data\/left|host\/note/);
    await docker('commit', id, 'committed');
    assert.equal(
      await succeed(tryRun('committed', 'sh', '-c', 'cat /kept; ls /data /host')),
      'root\n/data:\n\n/host:',
    );
    await docker('rm', fresh, id);
    await docker('volume', 'rm', 'copied');
  });

  test('container prune leaves volumes', async () => {
    const id = await docker(
      'run',
      '-d',
      '--network',
      'none',
      '-v',
      '/nameless',
      '-v',
      'named:/data',
      'busybox',
      'true',
    );
    await docker('wait', id);
    await docker('container', 'prune', '-f');
    assert.equal((await docker('volume', 'ls', '-q')).split('\n').length, 2);
    await docker('volume', 'prune', '-af');
  });

  test('a volume that is a link on the host is what it leads to', async () => {
    symlinkSync(folder, join(engine.identity.root, 'link'));
    writeFileSync(join(folder, 'seen'), 'seen\n');
    assert.equal(await shell(['-v', `${join(engine.identity.root, 'link')}:/m`], 'cat /m/seen'), 'seen');
    mount(folder, folder, null, MS_BIND);
    shared.push(folder);
    assert.equal(await shell(['-v', `${folder}:/m`], 'cat /m/seen'), 'seen');
  });
});
