import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { needs, proves, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { eventually } from './support.ts';

describe('clients of volumes', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());
  const data = (name: string, ...path: string[]) =>
    join(engine.identity.dataRoot, 'volumes', name, '_data', ...path);

  test('docker and berth print the same', async () => {
    proves('volume create', 'volume create --driver', 'volume inspect --format', 'volume ls --format');
    const both = async (...args: string[]) => {
      const [docker, berth] = [await engine.docker(...args), await engine.berth(...args)];
      assert.equal(berth.stdout, docker.stdout, args.join(' '));
      assert.equal(berth.code, docker.code, args.join(' '));
      assert.equal(berth.stderr.split('\n')[0], docker.stderr.split('\n')[0], args.join(' '));
      return berth.stdout;
    };
    await both('volume', 'create', '-d', 'local', '--label', 'a=1', 'labelled');
    await both('volume', 'create', '-o', 'type=tmpfs', '-o', 'device=tmpfs', 'data10');
    await both('volume', 'create', 'data9');
    await both('volume', 'create', '-d', 'elsewhere', 'other');
    await both('volume', 'create', 'a');
    await succeed(engine.docker('create', '-v', 'data9:/data', '-v', '/opt:/opt', 'busybox'));
    const table = await both('volume', 'ls');
    assert.deepEqual(
      table
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ {2,}/)),
      [
        ['DRIVER', 'VOLUME NAME'],
        ['local', 'data9'],
        ['local', 'data10'],
        ['local', 'labelled'],
      ],
    );
    await both('volume', 'list', '-q');
    await both('volume', 'ls', '-f', 'dangling=false');
    await both('volume', 'ls', '-f', 'label=a=1', '-q');
    await both(
      'volume',
      'ls',
      '--format',
      '{{.Name}}: {{.Labels}} {{.Label "a"}} {{.Scope}} {{.Size}} {{.Links}}',
    );
    await both('volume', 'ls', '--format', 'table {{.Name}}\\t{{.Mountpoint}}');
    await both('volume', 'ls', '--format', 'json');
    await both('volume', 'ls', '-f', 'colour=red');
    await both('volume', 'inspect', 'labelled', 'data10');
    await both('volume', 'inspect', '-f', '{{.Name}} {{json .Labels}} {{index .Options "type"}}', 'data10');
    await both('volume', 'inspect', 'nothing');
    await both('inspect', '--type', 'volume', '-f', '{{.Driver}}', 'labelled');
    await both('ps', '-a', '--no-trunc', '--format', '{{.Mounts}} {{.LocalVolumes}}');
    await both('volume', 'rm', 'data9');
    await both('volume', 'rm', '-f', 'nothing');
    await both('volume', 'rm', 'nothing');
    await both('volume', 'prune', '-f');
    assert.equal(await succeed(engine.berth('volume', 'rm', 'labelled', 'data10')), 'labelled\ndata10');
  });

  test('berth has the flags of run for volumes, and rm -v', async () => {
    const run = (...args: string[]) =>
      succeed(engine.berth('run', '--network', 'none', '--volume-driver', 'local', ...args));
    await run(
      '--name',
      'writer',
      '-v',
      'kept:/kept',
      '-v',
      '/nameless',
      'busybox',
      'touch',
      '/kept/file',
      '/nameless/file',
    );
    const seen = await run('--rm', '--volumes-from', 'writer:ro', 'busybox', 'ls', '/kept', '/nameless');
    assert.equal(seen, '/kept:\nfile\n\n/nameless:\nfile');
    assert.equal((await succeed(engine.berth('volume', 'ls', '-q'))).split('\n').length, 3);
    await succeed(engine.berth('rm', '-v', 'writer'));
    assert.deepEqual((await succeed(engine.berth('volume', 'ls', '-q'))).split('\n'), ['data9', 'kept']);
    const mount = 'type=volume,src=kept,dst=/m,volume-nocopy,volume-label=a=b,readonly';
    assert.equal(await run('--rm', '--mount', mount, 'busybox', 'ls', '/m'), 'file');
    await succeed(engine.berth('volume', 'rm', 'kept'));
  });

  test('dockerode makes, uses, lists and removes volumes', async () => {
    const docker = engine.dockerode;
    await docker.createVolume({ Name: 'ode', Labels: { a: 'b' } });
    assert.deepEqual((await docker.getVolume('ode').inspect()).Labels, { a: 'b' });
    const container = await docker.createContainer({
      Image: 'busybox',
      Cmd: ['sh', '-c', 'echo written >/data/file'],
      HostConfig: {
        NetworkMode: 'none',
        Mounts: [{ Type: 'volume', Source: 'ode', Target: '/data' }],
      },
    });
    await container.start();
    await container.wait();
    assert.equal(readFileSync(data('ode', 'file'), 'utf8'), 'written\n');
    const { Mounts } = await container.inspect();
    assert.equal(Mounts[0]?.Name, 'ode');
    await assert.rejects(docker.getVolume('ode').remove(), { statusCode: 409 });
    await container.remove({ v: true });
    const { Volumes } = await docker.listVolumes({ filters: { label: ['a=b'] } });
    assert.deepEqual(
      Volumes.map(({ Name }) => Name),
      ['ode'],
    );
    const { Volumes: usage } = (await engine.request('GET', '/v1.51/system/df?type=volume')).json();
    const { RefCount, Size } = usage.find(({ Name }: { Name: string }) => Name === 'ode').UsageData;
    assert.equal(RefCount, 0);
    assert.ok(Size > 0);
    await docker.getVolume('ode').remove();
    await assert.rejects(docker.getVolume('ode').inspect(), { statusCode: 404 });
    await eventually('it is gone', async () =>
      (await docker.listVolumes()).Volumes.every(({ Name }) => Name !== 'ode'),
    );
  });
});
