import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { needs, proves, run, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { translated } from './side-by-side.ts';

/** Copies whose result must be the same, whichever client makes them: from, to. HERE is a folder of this machine. */
const COPIES: ReadonlyArray<readonly [from: string, to: string]> = [
  ['HERE/tree', 'cc:/W/new'],
  ['HERE/tree', 'cc:/W/dir'],
  ['HERE/tree/', 'cc:/W/dir'],
  ['HERE/tree/.', 'cc:/W/dir'],
  ['HERE/tree/.', 'cc:/W/new'],
  ['HERE/tree', 'cc:/W/file'],
  ['HERE/tree', 'cc:/W/none/new'],
  ['HERE/tree/file', 'cc:/W/new'],
  ['HERE/tree/file', 'cc:/W/file'],
  ['HERE/tree/file', 'cc:/W/file/'],
  ['HERE/tree/file', 'cc:/W/dir'],
  ['HERE/tree/file', 'cc:/W/dir/'],
  ['HERE/tree/file', 'cc:/W/none/'],
  ['HERE/tree/file', 'cc:/W/link'],
  ['HERE/tree/file', 'cc:W/dir/new'],
  ['HERE/tree/link', 'cc:/W/new'],
  ['HERE/none', 'cc:/W/new'],
  ['HERE/tree', 'HERE/other'],
  ['cc:/tree', 'dd:/tree'],
  ['HERE/tree', 'nobody:/tree'],
  ['nobody:/tree', 'HERE/O'],
  ['cc:/none', 'HERE/O'],
  ['cc:/tree', 'HERE/O/new'],
  ['cc:/tree', 'HERE/O/dir'],
  ['cc:/tree/', 'HERE/O/dir'],
  ['cc:/tree/.', 'HERE/O/dir'],
  ['cc:/tree/.', 'HERE/O/new'],
  ['cc:/tree', 'HERE/O/file'],
  ['cc:/tree', 'HERE/O/none/new'],
  ['cc:tree/file', 'HERE/O/new'],
  ['cc:/tree/file', 'HERE/O/file'],
  ['cc:/tree/file', 'HERE/O/dir'],
  ['cc:/tree/file', 'HERE/O/none/'],
  ['cc:/tree/file', 'HERE/O/link'],
  ['cc:/tree/link', 'HERE/O/new'],
  ['cc:/tree/link', 'HERE/O/dir'],
];

suite('berth cp does what docker cp does', needs('root', 'docker'), () => {
  let engine: TestEngine;
  let here: string;
  const list = "find . -printf '%P %y %m %U %s %l %T@\\n' | sort";

  before(async () => {
    engine = await startEngine();
    here = mkdtempSync(join(tmpdir(), 'berth-cp-'));
    mkdirSync(join(here, 'tree/sub'), { recursive: true });
    writeFileSync(join(here, 'tree/file'), 'content');
    writeFileSync(join(here, 'tree/sub/ü file'), 'x'.repeat(100_000));
    chmodSync(join(here, 'tree/sub/ü file'), 0o4750);
    chownSync(join(here, 'tree/sub/ü file'), 12, 34);
    linkSync(join(here, 'tree/file'), join(here, 'tree/sub/twin'));
    symlinkSync('file', join(here, 'tree/link'));
    await succeed(run('mkfifo', [join(here, 'tree/fifo')]));
    utimesSync(join(here, 'tree/sub'), 1e9, 1e9);
    await succeed(engine.docker('run', '-d', '--name', 'cc', '--network', 'none', 'busybox', 'sleep', '600'));
    await succeed(engine.docker('cp', join(here, 'tree'), 'cc:/tree'));
  });
  after(async () => {
    rmSync(here, { recursive: true, force: true });
    await engine[Symbol.asyncDispose]();
  });

  const sh = (script: string): Promise<string> => succeed(engine.docker('exec', 'cc', 'sh', '-c', script));
  const SETTING = 'mkdir -p dir/new/sub; echo old >file; ln -s file link';

  for (const [from, to] of COPIES) {
    test(`cp ${from} ${to}`, async () => {
      const results = [];
      for (const client of ['docker', 'berth'] as const) {
        await sh(`rm -rf /W; mkdir /W; cd /W; ${SETTING}`);
        rmSync(join(here, 'O'), { recursive: true, force: true });
        mkdirSync(join(here, 'O'));
        await succeed(run('sh', ['-c', SETTING], { cwd: join(here, 'O') }));
        const place = (text: string) => text.replace('HERE', here);
        const { code, stderr } = await engine.client(client, ['cp', place(from), place(to)]);
        const inside = await sh("cd /W; find . | sort; find . -type f -exec ls -ln '{}' ';'");
        const outside = await succeed(run('sh', ['-c', list], { cwd: join(here, 'O') }));
        results.push({
          code,
          stderr: translated(unlogged(stderr)),
          inside: untimed(inside),
          outside: unsized(outside),
        });
      }
      assert.deepEqual(results[1], results[0]);
    });
  }

  test('-L follows a link, both ways; the copy has the name of the link', async () => {
    await succeed(engine.berth('cp', '-L', join(here, 'tree/link'), 'cc:/tmp/'));
    assert.equal(await sh('cat /tmp/link; readlink /tmp/link || true'), 'content');
    mkdirSync(join(here, 'followed'));
    await succeed(engine.berth('container', 'cp', '-L', 'cc:/tree/link', join(here, 'followed')));
    assert.equal(readFileSync(join(here, 'followed/link'), 'utf8'), 'content');
  });

  test('docker cp -q and -a: nothing is told, and files belong to the user of the container', async () => {
    proves('cp --archive', 'cp --quiet');
    await succeed(engine.docker('create', '--name', 'users', '--user', 'daemon', 'busybox'));
    const client = engine.terminal('docker', ['cp', '-q', '-a', join(here, 'tree/file'), 'users:/tmp/mine']);
    await client.exited;
    assert.equal(client.output, '');
    const listed = await run('sh', ['-c', 'docker cp users:/tmp/mine - | tar --numeric-owner -tv'], {
      env: engine.environment(),
    });
    assert.match(listed.stdout, /1\/1 .* mine/);
  });

  test('-a keeps owners', async () => {
    await succeed(engine.berth('cp', '-a', 'cc:/tree', join(here, 'kept')));
    const { uid, gid } = statSync(join(here, 'kept/sub/ü file'));
    assert.deepEqual([uid, gid], [12, 34]);
  });

  test('streams go through - both ways', async () => {
    const tar = await engine.client('berth', ['cp', 'cc:/tree/file', '-']);
    assert.match(tar.stdout, /content/);
    await sh('mkdir /streamed');
    const put = await engine.client('berth', ['cp', '-', 'cc:/streamed'], { input: tar.stdout });
    assert.equal(put.code, 0, put.stderr);
    assert.equal(await sh('cat /streamed/file'), 'content');
    const refused = await engine.client('berth', ['cp', '-', 'cc:/streamed/file'], { input: '' });
    assert.match(refused.stderr, /destination "cc:\/streamed\/file" must be a directory/);
  });

  test('progress is told at a terminal, unless -q asks for quiet', async () => {
    const loud = engine.terminal('berth', ['cp', join(here, 'tree'), 'cc:/loud']);
    await loud.exited;
    assert.match(loud.output, /Successfully copied 1\d\dkB to cc:\/loud/);
    const quiet = engine.terminal('berth', ['cp', '-q', join(here, 'tree'), 'cc:/quiet']);
    await quiet.exited;
    assert.equal(quiet.output, '');
  });

  test('a link in the way is replaced, and nothing is written where it leads', async () => {
    const outside = join(here, 'outside');
    mkdirSync(outside);
    mkdirSync(join(here, 'trap/tree'), { recursive: true });
    symlinkSync(outside, join(here, 'trap/tree/sub'));
    await succeed(engine.berth('cp', 'cc:/tree', join(here, 'trap')));
    assert.ok(!existsSync(join(outside, 'twin')));
    assert.equal(readFileSync(join(here, 'trap/tree/sub/twin'), 'utf8'), 'content');
  });
});

/** Without what the official client's archive writer logs when nobody wants its archive. */
function unlogged(text: string): string {
  return text.replaceAll(/^time=.* level=error .*\n/gm, '');
}

/** Folders have the sizes that their file systems give them; and times of now. */
function unsized(listing: string): string {
  return listing
    .split('\n')
    .map((line) => (/ d /.test(line) ? line.replace(/ \d+ +[\d.]+$/, '') : line))
    .map((line) => (/^(file|link) /.test(line) ? line.replace(/ [\d.]+$/, '') : line))
    .join('\n');
}

function untimed(listing: string): string {
  return listing.replaceAll(/ \w{3} +\d+ [\d:]+ /g, ' ');
}
