import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { needs, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { create, execScript, expectStatus, remove, start } from './support.ts';

suite('system df and prune', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
    await engine.load('hello-world');
  });
  after(() => engine[Symbol.asyncDispose]());

  const docker = (...args: string[]): Promise<string> => succeed(engine.docker(...args));
  const usage = async (query = '', version = '1.50') =>
    expectStatus(await engine.request('GET', `/v${version}/system/df${query}`), 200).json();
  /** What du(1) says of some of the engine's folders. */
  const du = (...patterns: string[]): number => {
    const paths = globSync(patterns.map((pattern) => join(engine.identity.dataRoot, pattern)));
    const output = execFileSync('du', ['-B1', '-s', '-x', '-c', ...paths], { encoding: 'utf8' });
    return Number(/^(\d+)\ttotal$/m.exec(output)?.[1]);
  };
  /** An image of one more layer, from a container that is gone. */
  const commit = async (from: string, name: string, script: string): Promise<void> => {
    await docker('run', '--name', 'maker', '--network', 'none', from, 'sh', '-c', script);
    await docker('commit', 'maker', name);
    await docker('rm', 'maker');
  };

  test('the sums are what du sees, images, their archives and logs included', async () => {
    await commit(
      'busybox',
      'child',
      'dd if=/dev/urandom of=/noise bs=1k count=3000 2>/dev/null; ln /noise /same',
    );
    const running = await start(engine, { cmd: ['sh', '-c', 'yes | head -c 100000; sleep 600'] });
    await execScript(
      engine,
      running,
      'dd if=/dev/zero of=/big bs=1k count=500; truncate -s 1000000000 /sparse',
    );
    const made = await create(engine, { host: { Binds: ['kept:/kept'] } });
    await docker(
      'run',
      '--rm',
      '-v',
      'kept:/kept',
      'busybox',
      'sh',
      '-c',
      'yes | head -c 300000 >/kept/file',
    );
    const { LayersSize, Images, Containers, Volumes, BuildCache } = await usage();
    assert.equal(LayersSize, du('layers/*', 'blobs/sha256/*'));
    const ofContainers = Containers.map((it: { SizeRw: number }) => it.SizeRw);
    assert.equal(
      ofContainers.reduce((sum: number, size: number) => sum + size, 0),
      du('containers/*'),
    );
    assert.equal(Volumes[0].UsageData.Size, du('volumes/*'));
    assert.deepEqual([Volumes.length, Volumes[0].UsageData.RefCount, BuildCache], [1, 1, []]);

    const image = (name: string) =>
      Images.find((it: { RepoTags: string[] }) => it.RepoTags.includes(`${name}:latest`));
    assert.deepEqual([image('busybox').Containers, image('hello-world').Containers], [2, 0]);
    assert.equal(image('busybox').SharedSize, image('child').SharedSize);
    assert.ok(image('child').SharedSize > 1_000_000);
    const own = (name: string) => image(name).Size - image(name).SharedSize;
    assert.equal(own('busybox') + own('child') + own('hello-world') + image('child').SharedSize, LayersSize);
    await remove(engine, running);
    await remove(engine, made);
    await docker('volume', 'rm', 'kept');
  });

  test('one kind at a time, in the shape of each version', async () => {
    assert.deepEqual(Object.keys(await usage('?type=image')), ['LayersSize', 'Images']);
    assert.deepEqual(Object.keys(await usage('?type=container&type=volume')), ['Containers', 'Volumes']);
    assert.ok('BuilderSize' in (await usage('', '1.41')));
    assert.ok('VirtualSize' in (await usage('', '1.41')).Images[0]);
    const { ImageUsage, ...others } = await usage('', '1.55');
    assert.deepEqual(Object.keys(others), ['ContainerUsage', 'VolumeUsage', 'BuildCacheUsage']);
    assert.deepEqual([ImageUsage.TotalCount, ImageUsage.ActiveCount, ImageUsage.Items], [3, 0, undefined]);
    assert.equal(ImageUsage.Reclaimable, ImageUsage.TotalSize);
    assert.equal((await usage('?verbose=1', '1.55')).ImageUsage.Items.length, 3);
    expectStatus(await engine.request('GET', '/system/df?type=nope'), 400);
  });

  test('image prune takes what has no name and no container, and says what came free', async () => {
    await commit('busybox', 'moved', 'echo one > /one');
    await commit('busybox', 'moved', 'echo two > /two');
    const dangling = await docker('images', '-q', '--no-trunc', '-f', 'dangling=true');
    const user = await docker('create', '--network', 'none', dangling, 'true');
    assert.equal(await docker('image', 'prune', '-f'), 'Total reclaimed space: 0B');
    await docker('rm', user);
    const before = (await usage()).LayersSize;
    assert.match(
      await docker('image', 'prune', '-f'),
      new RegExp(`^Deleted Images:\ndeleted: ${dangling}\n`),
    );
    assert.equal(await docker('images', '-q', '-f', 'dangling=true'), '');

    await docker('create', '--name', 'keeps', '--network', 'none', 'busybox', 'true');
    const middle = (await usage()).LayersSize;
    assert.ok(middle < before);
    const report = expectStatus(
      await engine.request('POST', '/images/prune?filters={"dangling":["false"],"until":["1h"]}'),
      200,
    ).json();
    // The others are younger.
    assert.deepEqual(report.ImagesDeleted[0], { Untagged: 'hello-world:latest' });
    assert.equal(report.SpaceReclaimed, middle - (await usage()).LayersSize);
    const all = await docker('image', 'prune', '-af');
    assert.match(all, /untagged: child:latest\n/);
    assert.match(all, /untagged: moved:latest\n/);
    assert.equal(await docker('images', '--format', '{{.Repository}}'), 'busybox');
    assert.equal((await usage()).LayersSize, du('layers/*', 'blobs/sha256/*'));
    await docker('rm', 'keeps');
  });

  test('image prune by label, and refuses filters that it does not know', async () => {
    await docker('run', '--name', 'maker', '--network', 'none', 'busybox', 'true');
    await docker('commit', '-c', 'LABEL keep=yes', 'maker', 'labelled');
    await docker('rm', 'maker');
    assert.doesNotMatch(await docker('image', 'prune', '-af', '--filter', 'label!=keep'), /labelled/);
    await engine.load('busybox');
    assert.match(
      await docker('image', 'prune', '-af', '--filter', 'label=keep=yes'),
      /untagged: labelled:latest/,
    );
    assert.equal(await docker('images', '--format', '{{.Repository}}'), 'busybox');
    assert.match(
      (await engine.docker('image', 'prune', '-f', '--filter', 'nope=1')).stderr,
      /invalid filter 'nope'/,
    );
  });

  test('prune tells whoever listens', async () => {
    const since = String(Date.now() / 1000);
    await docker('tag', 'busybox', 'gone');
    await engine.load('hello-world');
    await docker('image', 'prune', '-af', '--filter', 'until=1h');
    const events = await docker(
      ...['events', '--since', since, '--until', String(Date.now() / 1000), '--filter', 'type=image'],
      ...['--format', '{{.Action}} {{.Actor.Attributes.reclaimed}}'],
    );
    assert.match(events, /tag.*\nload.*\n(untag.*\n|delete.*\n)+prune \d+$/);
    await engine.load('busybox');
  });

  test('berth system prune takes containers before their images', async () => {
    const id = await docker('create', '--network', 'none', 'busybox', 'true');
    const output = await succeed(engine.berth('system', 'prune', '-af', '--filter', 'until=0s'));
    assert.match(
      output,
      new RegExp(`^Deleted Containers:\n${id}\n\nDeleted Images:\nuntagged: busybox:latest\n`),
    );
    assert.match(output, /\nTotal reclaimed space: \d+\S+B$/);
    const blobs = join(engine.identity.dataRoot, 'blobs/sha256');
    assert.ok(existsSync(blobs) && globSync(`${blobs}/*`).length === 0);
    const refused = await engine.berth('system', 'prune', '--volumes', '--filter', 'until=1h');
    assert.match(refused.stderr, /The "until" filter is not supported with "--volumes"/);
    await engine.load('busybox');
  });
});
