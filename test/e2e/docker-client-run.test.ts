import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import {
  exitCode,
  needs,
  proves,
  type Result,
  startEngine,
  succeed,
  type TestEngine,
} from '../harness/index.ts';
import { eventually } from './support.ts';

const MEBIBYTE = 1024 * 1024;

suite('docker run', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());

  /** `docker run --rm`, without a network: most tests need none. */
  const run = (...args: string[]): Promise<Result> =>
    engine.docker('run', '--rm', '--network', 'none', ...args);
  const output = (...args: string[]): Promise<string> => succeed(run(...args));

  suite('exit codes', () => {
    const codes: ReadonlyArray<readonly [what: string, code: number, args: string[], words: RegExp]> = [
      ['the command passes its own on', 7, ['busybox', 'sh', '-c', 'exit 7'], /^$/],
      [
        'a command that is not on the path',
        127,
        ['busybox', 'nosuch'],
        /executable file not found in \$PATH/,
      ],
      ['a path that is not there', 127, ['busybox', '/no/such'], /no such file or directory/],
      ['a file that is no program', 126, ['busybox', '/etc/passwd'], /permission denied/],
      ['a folder', 126, ['busybox', '/etc'], /is a directory|permission denied/],
      ['a missing image', 125, ['--pull', 'never', 'no-such-image'], /No such image: no-such-image:latest/],
      ['a flag that there is not', 125, ['--no-such-flag', 'busybox'], /unknown flag: --no-such-flag/],
      ['a bad name', 125, ['--name', 'a/b', 'busybox'], /Invalid container name/],
      ['a death by SIGKILL under init', 137, ['--init', 'busybox', 'sh', '-c', 'kill -9 $$'], /^$/],
      ['a death by SIGTERM under init', 143, ['--init', 'busybox', 'sh', '-c', 'kill -15 $$'], /^$/],
      ['a user that the image does not have', 125, ['-u', 'nobodyatall', 'busybox'], /unable to find user/],
    ];
    for (const [what, code, args, words] of codes) {
      test(`${code}: ${what}`, async () => {
        const result = await run(...args);
        assert.equal(result.code, code, result.stderr);
        assert.match(result.stderr, words);
      });
    }

    test('after all of them no container is left', async () => {
      assert.equal(await succeed(engine.docker('ps', '-aq')), '');
    });
  });

  suite('streams', () => {
    test('standard output and standard error stay apart', async () => {
      proves('run');
      const result = await run('busybox', 'sh', '-c', 'echo to-out; echo to-err >&2');
      assert.deepEqual([result.stdout, result.stderr], ['to-out\n', 'to-err\n']);
    });

    test('the end of input reaches the program', async () => {
      proves('run --interactive');
      const result = await engine.client('docker', ['run', '--rm', '-i', 'busybox', 'cat'], { input: 'x\n' });
      assert.deepEqual([result.code, result.stdout], [0, 'x\n']);
    });

    test('a program that reads an empty input ends', async () => {
      const args = ['run', '--rm', '-i', '--network', 'none', 'busybox', 'wc', '-c'];
      const result = await engine.client('docker', args, { input: '' });
      assert.equal(result.stdout, '0\n');
    });

    test('without -i the program has no input', async () => {
      const args = ['run', '--rm', '--network', 'none', 'busybox', 'wc', '-c'];
      const result = await engine.client('docker', args, { input: 'not for the container' });
      assert.equal(result.stdout, '0\n');
    });

    test('output that comes after the end of input arrives', async () => {
      const args = [
        'run',
        '--rm',
        '-i',
        '--network',
        'none',
        'busybox',
        'sh',
        '-c',
        'cat >/dev/null; echo late',
      ];
      assert.equal(await succeed(engine.client('docker', args, { input: 'x' })), 'late');
    });

    test('-a chooses streams', async () => {
      proves('run --attach');
      const both = ['busybox', 'sh', '-c', 'echo to-out; echo to-err >&2'];
      const err = await run('-a', 'stderr', ...both);
      assert.deepEqual([err.stdout, err.stderr], ['', 'to-err\n']);
      const out = await run('-a', 'stdout', ...both);
      assert.deepEqual([out.stdout, out.stderr], ['to-out\n', '']);
    });

    test('100 MiB go in and come out unharmed', async () => {
      const block = Buffer.alloc(MEBIBYTE);
      for (let at = 0; at < block.length; at += 4) block.writeUInt32LE((at * 2654435761) >>> 0, at);
      const child = engine.spawn('docker', 'run', '--rm', '-i', '--network', 'none', 'busybox', 'cat');
      const ended = exitCode(child);
      const sent = createHash('sha256');
      const received = createHash('sha256');
      child.stdout!.on('data', (bytes: Buffer) => received.update(bytes));
      child.stderr!.resume();
      for (let count = 0; count < 100; count++) {
        block.writeUInt32LE(count, 0);
        sent.update(block);
        if (!child.stdin!.write(Buffer.from(block))) await once(child.stdin!, 'drain');
      }
      child.stdin!.end();
      assert.equal(await ended, 0);
      assert.equal(received.digest('hex'), sent.digest('hex'));
    });

    test('a program that nobody reads any more ends by SIGPIPE, not the engine', async () => {
      const child = engine.spawn('docker', 'run', '--rm', '-i', '--network', 'none', 'busybox', 'yes');
      const ended = exitCode(child);
      await once(child.stdout!, 'data');
      child.stdout!.destroy();
      child.kill('SIGKILL');
      await ended;
      assert.equal((await engine.request('GET', '/_ping')).status, 200);
      const ids = (await succeed(engine.docker('ps', '-q'))).split('\n').filter(Boolean);
      assert.equal(ids.length, 1);
      await succeed(engine.docker('rm', '-f', ids[0]!));
    });
  });

  suite('signals', () => {
    test('a signal to the client reaches the program', async () => {
      const script = 'trap "exit 42" TERM; echo ready; while :; do sleep 0.05; done';
      const child = engine.spawn('docker', 'run', '--rm', '--network', 'none', 'busybox', 'sh', '-c', script);
      const ended = exitCode(child);
      await once(child.stdout!, 'data');
      child.kill('SIGTERM');
      assert.equal(await ended, 42);
    });

    test('--sig-proxy=false keeps it from it', async () => {
      proves('run --sig-proxy');
      const script = 'trap "exit 42" TERM; echo ready; while :; do sleep 0.05; done';
      const args = ['run', '--rm', '--network', 'none', '--sig-proxy=false', '--name', 'unproxied'];
      const child = engine.spawn('docker', ...args, 'busybox', 'sh', '-c', script);
      const ended = exitCode(child);
      await once(child.stdout!, 'data');
      // The client itself gives up at the third.
      await eventually('the client ends', () => {
        child.kill('SIGTERM');
        return child.exitCode !== null || child.signalCode !== null;
      });
      await ended;
      assert.equal(
        await succeed(engine.docker('inspect', '-f', '{{.State.Status}}', 'unproxied')),
        'running',
      );
      await succeed(engine.docker('rm', '-f', 'unproxied'));
    });
  });

  suite('--rm and -d', () => {
    test('-d prints the ID of a container that runs', async () => {
      proves('run --detach');
      const id = await succeed(engine.docker('run', '-d', 'busybox', 'sleep', '600'));
      assert.match(id, /^[0-9a-f]{64}$/);
      assert.equal(await succeed(engine.docker('ps', '-q', '--no-trunc')), id);
      assert.equal(await succeed(engine.docker('rm', '-f', id)), id);
    });

    test('-d --rm removes the container when it ends', async () => {
      proves('run --rm');
      const id = await succeed(engine.docker('run', '-d', '--rm', 'busybox', 'sleep', '600'));
      await succeed(engine.docker('kill', id));
      await eventually('the container is gone', async () => {
        return (await engine.request('GET', `/containers/${id}/json`)).status === 404;
      });
    });

    test('--cidfile tells the ID', async () => {
      proves('run --cidfile');
      const path = `${engine.identity.root}/cid`;
      await output('--cidfile', path, 'busybox', 'true');
      assert.match(readFileSync(path, 'utf8'), /^[0-9a-f]{64}$/);
    });

    test('a container without --rm stays and can be started again', async () => {
      await succeed(engine.docker('run', '--name', 'again', 'busybox', 'echo', 'once more'));
      assert.equal(await succeed(engine.docker('start', '-a', 'again')), 'once more');
      await succeed(engine.docker('rm', 'again'));
    });
  });

  suite('names', () => {
    test('a generated one has two words', async () => {
      const id = await succeed(engine.docker('create', 'busybox'));
      assert.match(await succeed(engine.docker('inspect', '-f', '{{.Name}}', id)), /^\/[a-z]+_[a-z]+\d*$/);
      await succeed(engine.docker('rm', id));
    });

    test('a taken one is refused in words that say who has it', async () => {
      proves('run --name');
      const id = await succeed(engine.docker('create', '--name', 'taken', 'busybox'));
      const result = await engine.docker('run', '--name', 'taken', 'busybox');
      assert.equal(result.code, 125);
      assert.match(result.stderr, /Conflict\. The container name "\/taken" is already in use by container/);
      assert.ok(result.stderr.includes(id));
      await succeed(engine.docker('rm', 'taken'));
    });

    test('a container is found by name, ID and the beginning of its ID', async () => {
      const id = await succeed(engine.docker('create', '--name', 'findme', 'busybox'));
      for (const reference of ['findme', '/findme', id, id.slice(0, 12), id.slice(0, 6)]) {
        assert.equal(await succeed(engine.docker('inspect', '-f', '{{.Id}}', reference)), id);
      }
      await succeed(engine.docker('rm', id.slice(0, 12)));
    });
  });
});
