import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { needs, proves, startEngine, succeed, type TestEngine } from '../harness/index.ts';

/** What a vendor's tool writes. The "device" is /dev/full under another name, with a file and a variable that go with it. */
const yaml = (folder: string): string => `
cdiVersion: "0.6.0"
kind: example.com/gadget
devices:
  - name: one
    containerEdits:
      deviceNodes:
        - path: /dev/gadget1
          hostPath: /dev/full
          permissions: rw
        - { path: /dev/numbered, type: c, major: 1, minor: 5, fileMode: 0400, uid: 12, gid: 34 }
      env:
        - GADGET=one
  - name: two
    containerEdits:
      env: ["GADGET=two", "PATH=/gadget:/bin"]
containerEdits:
  mounts:
    - hostPath: ${folder}/library
      containerPath: /usr/lib/gadget
      options: [ro, nosuid, nodev, bind]
  additionalGids: [4321]
  hooks:
    - hookName: createContainer
      path: /bin/sh
      args: [sh, -c, "cat >${folder}/hooked; echo $HOOK >>${folder}/hooked"]
      env: [HOOK=ran]
`;

const GPUS = {
  cdiVersion: '0.5.0',
  kind: 'nvidia.com/gpu',
  devices: ['0', '1', 'all'].map((name) => ({ name, containerEdits: { env: [`GPU_${name}=yes`] } })),
};

suite('devices by the Container Device Interface', needs('root', 'docker'), () => {
  let engine: TestEngine;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'berth-cdi-'));
    for (const name of ['etc', 'run', 'library']) mkdirSync(join(folder, name));
    writeFileSync(join(folder, 'library/code'), 'of the vendor');
    writeFileSync(join(folder, 'etc/example.yaml'), yaml(folder));
    const dirs = ['etc', 'run'].flatMap((name) => ['--cdi-spec-dir', join(folder, name)]);
    engine = await startEngine({ flags: dirs });
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (...args: string[]) => engine.docker('run', '--rm', '--network', 'none', ...args);
  const sh = (script: string, ...flags: string[]): Promise<string> =>
    succeed(run(...flags, 'busybox', 'sh', '-c', script));

  test('--device brings device files, variables, mounts, groups and hooks', async () => {
    proves('run --device');
    const device = ['--device', 'example.com/gadget=one'];
    assert.match(await sh('ls -l /dev/gadget1', ...device), /^crw.* 1, +7 /);
    assert.match(await sh('stat -c "%a %u:%g" /dev/numbered', ...device), /^400 12:34$/);
    assert.match(await sh('(echo x >/dev/gadget1) 2>&1; echo $GADGET', ...device), /No space left.*\none$/);
    assert.equal(await sh('cat /usr/lib/gadget/code; id -G', ...device), 'of the vendor0 10 4321');
    assert.match(await sh('touch /usr/lib/gadget/x 2>&1; true', ...device), /Read-only/);
    const [state = '', said] = readFileSync(join(folder, 'hooked'), 'utf8').split(/\n?(?=ran)/);
    assert.match(state, /"id": ?"[0-9a-f]{64}"/);
    assert.equal(said, 'ran\n');
  });

  test('several devices, of which later ones have the last word', async () => {
    const both = ['--device', 'example.com/gadget=one', '--device', 'example.com/gadget=two'];
    assert.equal(await sh('echo $GADGET $PATH; ls /dev/gadget1', ...both), 'two /gadget:/bin\n/dev/gadget1');
  });

  test('without them a container has none of it', async () => {
    assert.equal(await sh('echo $GADGET; ls -d /dev/gadget1 /usr/lib/gadget 2>/dev/null; id -G'), '\n0 10');
  });

  test('an exec sees the files too', async () => {
    await succeed(
      run('-d', '--name', 'holder', '--device', 'example.com/gadget=one', 'busybox', 'sleep', '600'),
    );
    const said = await succeed(engine.docker('exec', 'holder', 'sh', '-c', 'cat /usr/lib/gadget/code'));
    assert.equal(said, 'of the vendor');
    await succeed(engine.docker('rm', '-f', 'holder'));
  });

  test('a device that no file describes is refused by name, and nothing is left', async () => {
    const result = await run('--device', 'example.com/gadget=three', 'busybox', 'true');
    assert.equal(result.code, 125);
    assert.match(result.stderr, /unresolvable CDI devices example\.com\/gadget=three/);
    assert.equal(await succeed(engine.docker('ps', '-aq')), '');
  });

  test('--gpus takes those of the vendor whose file is there', async () => {
    proves('run --gpus');
    const refused = await run('--gpus', 'all', 'busybox', 'true');
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /could not select device driver "" with capabilities: \[\[gpu\]\]/);
    writeFileSync(join(folder, 'run/nvidia.json'), JSON.stringify(GPUS));
    const gpus = async (wanted: string): Promise<string[]> =>
      (await sh('env', '--gpus', wanted)).split('\n').filter((line) => line.startsWith('GPU_'));
    assert.deepEqual(await gpus('all'), ['GPU_all=yes']);
    assert.deepEqual((await gpus('2')).sort(), ['GPU_0=yes', 'GPU_1=yes']);
    assert.deepEqual(await gpus('device=1'), ['GPU_1=yes']);
    assert.match((await run('--gpus', '3', 'busybox', 'true')).stderr, /devices nvidia\.com\/gpu=2/);
    rmSync(join(folder, 'run/nvidia.json'));
  });

  test('a file that is wrong hides no other, and is named when a device is missing', async () => {
    writeFileSync(join(folder, 'run/wrong.json'), '{"kind": 7}');
    assert.equal(await sh('echo $GADGET', '--device', 'example.com/gadget=two'), 'two');
    const result = await run('--device', 'other.com/thing=x', 'busybox', 'true');
    assert.match(result.stderr, /unresolvable CDI devices other\.com\/thing=x \(unusable: .*wrong\.json/);
    rmSync(join(folder, 'run/wrong.json'));
  });

  test('of two files in one folder neither can claim a name; the later folder wins', async () => {
    const spec = (value: string) => ({
      ...{ cdiVersion: '0.5.0', kind: 'example.com/gadget' },
      devices: [{ name: 'two', containerEdits: { env: [`GADGET=${value}`] } }],
    });
    writeFileSync(join(folder, 'run/a.json'), JSON.stringify(spec('later')));
    assert.equal(await sh('echo $GADGET', '--device', 'example.com/gadget=two'), 'later');
    writeFileSync(join(folder, 'run/b.json'), JSON.stringify(spec('other')));
    const result = await run('--device', 'example.com/gadget=two', 'busybox', 'true');
    assert.match(result.stderr, /unresolvable CDI devices example\.com\/gadget=two/);
    for (const name of ['a', 'b']) rmSync(join(folder, `run/${name}.json`));
  });

  test('info lists folders and devices', async () => {
    const info = (await engine.request('GET', '/info')).json();
    assert.deepEqual(info.CDISpecDirs, [join(folder, 'etc'), join(folder, 'run')]);
    assert.deepEqual(info.DiscoveredDevices, [
      { Source: 'cdi', ID: 'example.com/gadget=one' },
      { Source: 'cdi', ID: 'example.com/gadget=two' },
    ]);
  });
});
