import assert from 'node:assert/strict';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, suite, test } from 'node:test';
import { encodeName, type TarInput, TarReader, writeTar } from '../../src/layers/index.ts';
import { type Answer, needs, proves, run, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { create, eventually, execScript, expectStatus, remove, start, wait } from './support.ts';

suite('copying from and to containers', needs('root', 'docker'), () => {
  let engine: TestEngine;
  let running: string;
  let folder: string;

  before(async () => {
    engine = await startEngine();
    running = await start(engine, { name: 'runs' });
    folder = mkdtempSync(join(tmpdir(), 'berth-copy-'));
  });

  after(async () => {
    await engine?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  test('docker cp brings a file and a folder into a running container, and out again', async () => {
    proves('cp');
    const source = join(folder, 'source');
    mkdirSync(join(source, 'sub'), { recursive: true });
    writeFileSync(join(source, 'sub/file'), 'content', { mode: 0o640 });
    symlinkSync('sub/file', join(source, 'link'));
    await succeed(engine.docker('cp', source, 'runs:/root/there'));
    assert.equal(await execScript(engine, running, 'cat /root/there/link'), 'content');
    await succeed(engine.docker('cp', 'runs:/root/there', join(folder, 'back')));
    assert.equal(readFileSync(join(folder, 'back/sub/file'), 'utf8'), 'content');
    assert.equal(lstatSync(join(folder, 'back/sub/file')).mode & 0o777, 0o640);
    assert.equal(readlinkSync(join(folder, 'back/link')), 'sub/file');
    await succeed(engine.docker('cp', join(source, 'sub/file'), 'runs:/root/one'));
    await succeed(engine.docker('cp', 'runs:/root/one', join(folder, 'one')));
    assert.equal(readFileSync(join(folder, 'one'), 'utf8'), 'content');
  });

  test('docker cp works on containers that never ran and that have ended, which then run with the files', async () => {
    const id = await create(engine, { name: 'later', cmd: ['cat', '/root/greeting'] });
    writeFileSync(join(folder, 'greeting'), 'hello');
    await succeed(engine.docker('cp', join(folder, 'greeting'), 'later:/root/'));
    await succeed(engine.docker('cp', 'later:/root/greeting', join(folder, 'greeting2')));
    assert.equal(readFileSync(join(folder, 'greeting2'), 'utf8'), 'hello');
    assert.equal(await succeed(engine.docker('start', '-a', 'later')), 'hello');
    await wait(engine, id);
    await succeed(engine.docker('cp', 'later:/root/greeting', join(folder, 'greeting3')));
    assert.equal(readFileSync(join(folder, 'greeting3'), 'utf8'), 'hello');
    await remove(engine, id);
  });

  test('streams go through "-" both ways', async () => {
    const tar = await run('tar', ['-C', '/etc', '-c', 'hostname']);
    assert.equal(tar.code, 0);
    const put = await engine.client('docker', ['cp', '-', 'runs:/root'], { input: tar.stdout });
    assert.equal(put.code, 0, put.stderr);
    assert.equal(
      await execScript(engine, running, 'cat /root/hostname'),
      readFileSync('/etc/hostname', 'utf8').trim(),
    );
    const out = await succeed(engine.docker('cp', 'runs:/root/hostname', '-'));
    assert.match(out, /hostname/);
  });

  test('links are followed only with -L', async () => {
    proves('cp --follow-link');
    await execScript(engine, running, 'echo real > /root/real; ln -sf /root/real /root/to');
    await succeed(engine.docker('cp', 'runs:/root/to', join(folder, 'to')));
    assert.equal(readlinkSync(join(folder, 'to')), '/root/real');
    await succeed(engine.docker('cp', '-L', 'runs:/root/to', join(folder, 'followed')));
    assert.equal(readFileSync(join(folder, 'followed'), 'utf8'), 'real\n');
  });

  test('the header describes a path in the terms of the API', async () => {
    await execScript(
      engine,
      running,
      'mkdir -p /s; echo 12345 > /s/f; chmod 4755 /s/f; ln -sf ../s/./f /s/l',
    );
    const file = await stat('/s/f');
    assert.deepEqual([file.name, file.size, file.mode, file.linkTarget], ['f', 6, 2 ** 23 + 0o755, '']);
    assert.ok(Math.abs(Date.parse(file.mtime) - Date.now()) < 60_000);
    const link = await stat('/s/l');
    assert.deepEqual([link.name, link.mode, link.linkTarget], ['l', 2 ** 27 + 0o777, '/s/f']);
    const directory = await stat('/s/');
    assert.deepEqual([directory.name, directory.mode], ['s', 2 ** 31 + 0o755]);
    assert.equal((await stat('/')).name, '/');
    assert.equal((await stat('s/f')).name, 'f');
    const got = await archive('GET', '/s/f');
    assert.equal(got.headers['content-type'], 'application/x-tar');
    assert.deepEqual(statOf(got), file);
  });

  test('names in the archive begin with the name that was asked for', async () => {
    await execScript(engine, running, 'mkdir -p /names/in; echo > /names/in/f');
    assert.deepEqual(await entries('/names'), ['names/', 'names/in/', 'names/in/f']);
    assert.deepEqual(await entries('/names/in/.'), ['./', './f']);
    assert.deepEqual(await entries('/names/in/f'), ['f']);
  });

  test('what is missing or wrong is answered as dockerd does', async () => {
    const missing = expectStatus(await archive('GET', '/nope'), 404);
    assert.equal(missing.json().message, 'Could not find the file /nope in container runs');
    expectStatus(await archive('HEAD', '/nope'), 404);
    expectStatus(await archive('PUT', '/nope', await tarOf([])), 404);
    expectStatus(await archive('GET', ''), 400);
    expectStatus(await archive('PUT', '/bin/sh', await tarOf([])), 400);
    expectStatus(await archive('PUT', '/', Buffer.from('this is no archive'.repeat(100))), 400);
    expectStatus(await archive('PUT', '/', await tarOf([{ entry: { name: '../../up' } }])), 400);
    expectStatus(await engine.request('GET', '/containers/nobody/archive?path=/'), 404);
    const id = await create(engine, { host: { ReadonlyRootfs: true } });
    expectStatus(await archive('PUT', '/', await tarOf([]), '', id), 403);
    await remove(engine, id);
  });

  test('an archive that is refused before it was read gets its answer, however large it is', async () => {
    const body = Buffer.alloc(40 << 20, 'no archive');
    for (const path of ['/nope', '/bin/sh', '/root']) {
      const answer = await archive('PUT', path, body);
      assert.ok([400, 404].includes(answer.status), answer.text);
    }
  });

  test('an archive that ends in the middle is refused', async () => {
    const whole = await tarOf([{ entry: { name: 'half', size: 9000 }, body: Buffer.alloc(9000) }]);
    expectStatus(await archive('PUT', '/tmp', whole.subarray(0, 4000)), 400);
  });

  test('noOverwriteDirNonDir keeps folders folders and files files', async () => {
    await execScript(engine, running, 'mkdir -p /kinds/d; echo > /kinds/f');
    const fileOverFolder = await tarOf([{ entry: { name: 'd' } }]);
    const folderOverFile = await tarOf([{ entry: { name: 'f', type: 'directory' } }]);
    expectStatus(await archive('PUT', '/kinds', fileOverFolder, '&noOverwriteDirNonDir=1'), 400);
    expectStatus(await archive('PUT', '/kinds', folderOverFile, '&noOverwriteDirNonDir=1'), 400);
    expectStatus(await archive('PUT', '/kinds', fileOverFolder), 200);
    expectStatus(await archive('PUT', '/kinds', folderOverFile), 200);
    assert.equal(await execScript(engine, running, 'test -f /kinds/d; test -d /kinds/f; echo ok'), 'ok');
  });

  test('owners are the archive’s, or the container’s user with copyUIDGID', async () => {
    const id = await start(engine, { name: 'user', config: { User: '12:34' } });
    const tar = await tarOf([{ entry: { name: 'f', uid: 1001, gid: 1002 } }]);
    expectStatus(await archive('PUT', '/tmp', tar, '', id), 200);
    assert.equal(await execScript(engine, id, 'stat -c %u:%g /tmp/f'), '1001:1002');
    expectStatus(await archive('PUT', '/tmp', tar, '&copyUIDGID=1', id), 200);
    assert.equal(await execScript(engine, id, 'stat -c %u:%g /tmp/f'), '12:34');
    const mine = join(folder, 'mine');
    writeFileSync(mine, '');
    chownSync(mine, 1001, 1002);
    await succeed(engine.docker('cp', '-a', mine, 'user:/tmp/mine'));
    assert.equal(await execScript(engine, id, 'stat -c %u:%g /tmp/mine'), '12:34');
    await remove(engine, id);
  });

  test('the files that the engine mounts are seen as the container sees them', async () => {
    await succeed(engine.docker('cp', 'runs:/etc/hostname', join(folder, 'hostname')));
    assert.equal(readFileSync(join(folder, 'hostname'), 'utf8').trim(), running.slice(0, 12));
  });

  test('links in a container lead nowhere outside of it', async () => {
    const secret = join(folder, 'secret');
    mkdirSync(secret);
    writeFileSync(join(secret, 'file'), 'of the host');
    const up = '../'.repeat(40);
    await execScript(engine, running, `ln -s ${secret} /abs; ln -s ${up}${secret.slice(1)} /rel`);
    for (const link of ['abs', 'rel']) {
      expectStatus(await archive('GET', `/${link}/file`), 404);
      expectStatus(await archive('PUT', `/${link}`, await tarOf([{ entry: { name: 'x' } }])), 404);
    }
    await execScript(engine, running, `mkdir -p ${secret}`);
    expectStatus(await archive('PUT', '/abs', await tarOf([{ entry: { name: 'x' } }])), 200);
    expectStatus(await archive('PUT', '/', await tarOf([{ entry: { name: 'rel/y' } }])), 200);
    assert.equal(await execScript(engine, running, `ls ${secret}`), 'x\ny');
    assert.equal(existsSync(join(secret, 'x')) || existsSync(join(secret, 'y')), false);
  });

  test('a container that swaps a folder for a link while it is copied gains nothing', async () => {
    const target = join(folder, 'target');
    mkdirSync(target);
    writeFileSync(join(target, 'f'), 'of the host');
    const swap = `mkdir -p /race /keep; echo own > /race/f; ln -sfn ${target} /evil
      while :; do mv /race /keep/race; mv /evil /race; mv /race /evil; mv /keep/race /race; done`;
    const id = await start(engine, { cmd: ['sh', '-c', swap] });
    const tar = await tarOf([{ entry: { name: 'race/put', size: 3 }, body: Buffer.from('put') }]);
    for (let round = 0; round < 15; round++) {
      const got = await archive('GET', '/race', undefined, '', id);
      assert.ok(!got.text.includes('of the host'));
      await archive('PUT', '/', tar, '', id);
    }
    assert.equal(existsSync(join(target, 'put')), false);
    await remove(engine, id);
  });

  test('devices and fifos in a container are copied as such, not opened', async () => {
    await execScript(engine, running, 'mkdir /odd; mkfifo /odd/fifo; mknod /odd/null c 1 3; echo > /odd/z');
    assert.deepEqual(await entries('/odd'), ['odd/', 'odd/fifo', 'odd/null', 'odd/z']);
  });

  test('export holds all files of the container; a client that hangs up ends the work', async () => {
    proves('export', 'export --output');
    const out = join(folder, 'export.tar');
    await succeed(engine.docker('export', '-o', out, 'runs'));
    const names = (await succeed(run('tar', ['-tf', out]))).split('\n');
    const ours = join(folder, 'export2.tar');
    await succeed(engine.berth('export', '-o', ours, 'runs'));
    assert.deepEqual((await succeed(run('tar', ['-tf', ours]))).split('\n'), names);
    assert.ok(names.includes('bin/busybox') || names.includes('bin/sh'));
    assert.ok(names.includes('etc/passwd') && names.includes('proc/') && !names.includes('./'));

    await execScript(engine, running, 'dd if=/dev/zero of=/root/large bs=1M count=50 2>/dev/null');
    const id = await create(engine);
    for (const path of [`/containers/${running}/export`, `/containers/${id}/archive?path=/`]) {
      await new Promise<void>((resolve, reject) => {
        const sent = request({ socketPath: engine.socket, path, agent: false }, (response) => {
          response.once('data', () => {
            response.destroy();
            resolve();
          });
        });
        sent.on('error', reject).end();
      });
    }
    // The container's files are let go of: it can be started.
    expectStatus(await engine.request('POST', `/containers/${id}/start`), 204);
    await remove(engine, id);
  });

  test('a large file goes both ways without being held in memory', async () => {
    const size = 300 << 20;
    const memory = () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${engine.pid}/status`, 'utf8'))?.[1]);
    const id = await start(engine, { name: 'large' });
    await execScript(engine, id, `dd if=/dev/zero of=/big bs=1M count=${size >> 20} 2>/dev/null`);
    const before = memory();
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, memory());
    }, 20);
    try {
      await succeed(engine.docker('cp', 'large:/big', join(folder, 'big')));
      await succeed(engine.docker('cp', join(folder, 'big'), 'large:/big2'));
    } finally {
      clearInterval(watch);
      rmSync(join(folder, 'big'), { force: true });
    }
    assert.equal(await execScript(engine, id, 'stat -c %s /big2'), String(size));
    assert.ok(most - before < 0.8 * (size >> 10), `${before} kB before, ${most} kB at most`);
    await remove(engine, id);
  });

  test('diff tells what a container has made, changed and removed', async () => {
    proves('diff', 'GET /containers/{id}/changes');
    const id = await create(engine, {
      name: 'differs',
      cmd: ['sh', '-c', 'echo x > /root/new; rm /bin/vi; chmod 700 /home'],
    });
    assert.equal(expectStatus(await engine.request('GET', `/containers/${id}/changes`), 200).text, 'null\n');
    expectStatus(await engine.request('POST', `/containers/${id}/start`), 204);
    await wait(engine, id);
    const expected = ['C /bin', 'C /home', 'C /root', 'D /bin/vi', 'A /root/new'].sort();
    for (const client of ['docker', 'berth'] as const) {
      const lines = (await succeed(engine.client(client, ['diff', 'differs']))).split('\n');
      assert.deepEqual(lines.sort(), expected, client);
    }
    await remove(engine, id);
  });

  test('what was mounted to copy is unmounted', async () => {
    const mounted = () => readFileSync(`/proc/${engine.pid}/mountinfo`, 'utf8');
    const id = await create(engine);
    await archive('GET', '/etc', undefined, '', id);
    await eventually('the layers are unmounted', () => !mounted().includes(id));
    await remove(engine, id);
  });

  function archive(method: string, path: string, body?: Buffer, more = '', id = 'runs'): Promise<Answer> {
    const headers = body === undefined ? {} : { 'Content-Type': 'application/x-tar' };
    const query = `path=${encodeURIComponent(path)}${more}`;
    const options = { headers, ...(body !== undefined && { body }) };
    return engine.request(method, `/containers/${id}/archive?${query}`, options);
  }

  async function stat(path: string) {
    return statOf(expectStatus(await archive('HEAD', path), 200));
  }

  async function entries(path: string): Promise<string[]> {
    const reader = new TarReader(once(expectStatus(await archive('GET', path), 200).body));
    const names: string[] = [];
    for (let entry = await reader.next(); entry; entry = await reader.next()) names.push(entry.name);
    return names;
  }
});

function statOf(answer: Answer) {
  const text = Buffer.from(String(answer.headers['x-docker-container-path-stat']), 'base64').toString();
  return JSON.parse(text) as { name: string; size: number; mode: number; mtime: string; linkTarget: string };
}

async function tarOf(inputs: TarInput[]): Promise<Buffer> {
  const named = inputs.map(({ entry, ...rest }) => ({
    entry: { ...entry, name: encodeName(entry.name) },
    ...rest,
  }));
  return buffer(writeTar(named));
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
