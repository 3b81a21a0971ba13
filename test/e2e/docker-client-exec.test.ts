import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
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

suite('docker exec and attach', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
    const own = ['-e', 'OWN=yes', '-h', 'inner', '-w', '/etc'];
    await succeed(engine.docker('run', '-d', '--name', 'host', ...own, 'busybox', 'sleep', '600'));
  });
  after(() => engine[Symbol.asyncDispose]());

  const exec = (...args: string[]): Promise<Result> => engine.docker('exec', ...args);
  const output = (...args: string[]): Promise<string> => succeed(exec(...args));

  suite('exec', () => {
    const codes: ReadonlyArray<readonly [what: string, code: number, args: string[], words: RegExp]> = [
      ['the command passes its own on', 5, ['host', 'sh', '-c', 'exit 5'], /^$/],
      ['a command that is not on the path', 127, ['host', 'nosuch'], /executable file not found in \$PATH/],
      ['a path that is not there', 127, ['host', '/no/such'], /no such file or directory/],
      ['a file that is no program', 126, ['host', '/etc/passwd'], /permission denied/],
      ['a folder to work in that is not there', 127, ['-w', '/no/such', 'host', 'pwd'], /no such file/],
      ['a death by a signal', 137, ['host', 'sh', '-c', 'kill -9 $$'], /^$/],
      ['a user that the image does not have', 1, ['-u', 'nobodyatall', 'host', 'id'], /unable to find user/],
      ['a missing container', 1, ['nosuch', 'true'], /No such container: nosuch/],
    ];
    for (const [what, code, args, words] of codes) {
      test(`${code}: ${what}`, async () => {
        const result = await exec(...args);
        assert.equal(result.code, code, result.stderr);
        assert.match(result.stdout + result.stderr, words);
      });
    }

    test('a container that has stopped is refused', async () => {
      await succeed(engine.docker('run', '--name', 'stopped', 'busybox', 'true'));
      const result = await exec('stopped', 'true');
      assert.equal(result.code, 1);
      assert.match(result.stderr, /container [0-9a-f]{64} is not running/i);
      await succeed(engine.docker('rm', 'stopped'));
    });

    test('has the environment, folder and name of the container, and a home', async () => {
      proves('exec');
      const lines = (await output('host', 'env')).split('\n');
      for (const line of ['OWN=yes', 'HOSTNAME=inner', 'HOME=/root'])
        assert.ok(lines.includes(line), lines.join(' '));
      assert.equal(await output('host', 'pwd'), '/etc');
    });

    test('-e, -w and -u change them', async () => {
      proves('exec --env', 'exec --workdir', 'exec --user');
      assert.equal(
        await output('-e', 'OWN=no', '-e', 'MORE=1', 'host', 'sh', '-c', 'echo $OWN $MORE'),
        'no 1',
      );
      assert.equal(await output('-w', '/tmp', 'host', 'pwd'), '/tmp');
      assert.match(await output('-u', 'daemon', 'host', 'id'), /uid=1\(daemon\) gid=1\(daemon\)/);
      assert.match(await output('-u', '1234:5678', 'host', 'id'), /uid=1234 gid=5678/);
      assert.equal(await output('-u', '1234', 'host', 'sh', '-c', 'echo $HOME'), '/');
    });

    test('the streams stay apart', async () => {
      const result = await exec('host', 'sh', '-c', 'echo to-out; echo to-err >&2');
      assert.deepEqual([result.stdout, result.stderr], ['to-out\n', 'to-err\n']);
    });

    test('-i gives it an input, and the end of it', async () => {
      proves('exec --interactive');
      const result = await engine.client('docker', ['exec', '-i', 'host', 'cat'], { input: 'in and out' });
      assert.equal(result.stdout, 'in and out');
    });

    test('without -i there is none', async () => {
      const result = await engine.client('docker', ['exec', 'host', 'wc', '-c'], { input: 'not for it' });
      assert.equal(result.stdout, '0\n');
    });

    test('20 MiB go in and come out unharmed', async () => {
      const bytes = randomBytes(20 * MEBIBYTE);
      const child = engine.spawn('docker', 'exec', '-i', 'host', 'cat');
      const ended = exitCode(child);
      child.stdin!.end(bytes);
      child.stderr!.resume();
      const received = await buffer(child.stdout!);
      assert.equal(await ended, 0);
      assert.equal(digest(received), digest(bytes));
    });

    test('-d returns at once, and the command runs', async () => {
      proves('exec --detach');
      assert.equal(await output('-d', 'host', 'sh', '-c', 'echo done >/tmp/detached'), '');
      await eventually('the command has run', async () => {
        return (await exec('host', 'cat', '/tmp/detached')).stdout === 'done\n';
      });
    });

    test('-d tells when there is no such command', async () => {
      const result = await exec('-d', 'host', 'nosuch');
      assert.equal(result.code, 1);
      assert.match(result.stderr, /executable file not found/);
    });

    test('-t alone gives it a terminal', async () => {
      proves('exec --tty');
      const result = await exec('-t', 'host', 'sh', '-c', 'tty; echo $TERM');
      assert.equal(result.stdout, '/dev/pts/0\r\nxterm\r\n');
    });

    test('--privileged lifts what the container may not', async () => {
      proves('exec --privileged');
      const effective = async (...flags: string[]) =>
        BigInt(`0x${/CapEff:\s*(\S+)/.exec(await output(...flags, 'host', 'cat', '/proc/self/status'))![1]}`);
      assert.equal(await effective(), 0xa80425fbn);
      assert.ok((await effective('--privileged')) > 0xa80425fbn);
    });

    test('it ends with its container', async () => {
      await succeed(engine.docker('run', '-d', '--name', 'short', 'busybox', 'sleep', '600'));
      const child = engine.spawn('docker', 'exec', 'short', 'sh', '-c', 'echo begun; sleep 600');
      const ended = exitCode(child);
      await once(child.stdout!, 'data');
      await succeed(engine.docker('rm', '-f', 'short'));
      assert.equal(await ended, 137);
    });

    test('twenty at once all give their own answer', async () => {
      const numbers = Array.from({ length: 20 }, (_, index) => String(index));
      const said = await Promise.all(numbers.map((number) => output('host', 'echo', number)));
      assert.deepEqual(said, numbers);
    });
  });

  suite('attach', () => {
    /** A container that answers each line it reads. */
    const echo = (name: string, ...flags: string[]): Promise<string> => {
      const script = 'while read line; do echo "got $line"; done; exit 8';
      return succeed(
        engine.docker('run', '-d', '-i', '--name', name, ...flags, 'busybox', 'sh', '-c', script),
      );
    };

    test('input, output, the end of input and the exit code', async () => {
      proves('attach');
      await echo('dialogue');
      const child = engine.spawn('docker', 'attach', 'dialogue');
      const ended = exitCode(child);
      child.stdin!.write('one\n');
      assert.equal(String((await once(child.stdout!, 'data'))[0]), 'got one\n');
      child.stdin!.write('two\n');
      assert.equal(String((await once(child.stdout!, 'data'))[0]), 'got two\n');
      child.stdin!.end();
      // `run -i -d` leaves the container's input open for the next client.
      await succeed(engine.docker('kill', 'dialogue'));
      assert.equal(await ended, 137);
      await succeed(engine.docker('rm', 'dialogue'));
    });

    test('two clients see the same', async () => {
      await echo('shared');
      const clients = [1, 2].map(() => engine.spawn('docker', 'attach', 'shared'));
      const texts = clients.map((client) => {
        const text = { value: '' };
        client.stdout!.on('data', (bytes: Buffer) => {
          text.value += String(bytes);
        });
        return text;
      });
      const ended = clients.map(exitCode);
      // Each sees what comes from when it is joined on.
      await eventually('both see both', () => {
        for (const [index, client] of clients.entries()) client.stdin!.write(`from ${index}\n`);
        return texts.every(({ value }) => value.includes('got from 0') && value.includes('got from 1'));
      });
      await succeed(engine.docker('rm', '-f', 'shared'));
      await Promise.all(ended);
    });

    test('--no-stdin keeps the input from the program', async () => {
      proves('attach --no-stdin');
      await echo('deaf');
      const child = engine.spawn('docker', 'attach', '--no-stdin', 'deaf');
      const ended = exitCode(child);
      let text = '';
      child.stdout!.on('data', (bytes: Buffer) => {
        text += String(bytes);
      });
      child.stdin!.on('error', () => {}).write('not for it\n');
      const other = engine.spawn('docker', 'attach', 'deaf');
      const otherEnded = exitCode(other);
      other.stdin!.write('for it\n');
      await eventually('the other line arrives', () => text.includes('got for it'));
      assert.equal(text, 'got for it\n');
      await succeed(engine.docker('rm', '-f', 'deaf'));
      await Promise.all([ended, otherEnded]);
    });

    test('a signal to the client reaches the program', async () => {
      const script = 'trap "echo caught" USR1; echo begun; while :; do sleep 0.05; done';
      await succeed(engine.docker('run', '-d', '--name', 'caught', 'busybox', 'sh', '-c', script));
      const child = engine.spawn('docker', 'attach', 'caught');
      const ended = exitCode(child);
      await eventually('the client is attached', async () => await attached(engine, 'caught'));
      child.kill('SIGUSR1');
      assert.equal(String((await once(child.stdout!, 'data'))[0]), 'caught\n');
      await succeed(engine.docker('rm', '-f', 'caught'));
      assert.equal(await ended, 137);
    });

    test('a container that does not run is refused', async () => {
      await succeed(engine.docker('create', '--name', 'idle', 'busybox'));
      const result = await engine.docker('attach', 'idle');
      assert.equal(result.code, 1);
      assert.match(result.stderr, /cannot attach to a stopped container/);
      await succeed(engine.docker('rm', 'idle'));
    });

    test('start -a gives output and exit code, start -i input', async () => {
      proves('start --attach', 'start --interactive');
      await succeed(engine.docker('create', '-i', '--name', 'started', 'busybox', 'sh', '-c', 'cat; exit 3'));
      const result = await engine.client('docker', ['start', '-ai', 'started'], { input: 'hello' });
      assert.deepEqual([result.code, result.stdout], [3, 'hello']);
      await succeed(engine.docker('rm', 'started'));
    });
  });
});

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Whether a client has been attached to a container so far. */
async function attached(engine: TestEngine, name: string): Promise<boolean> {
  const filters = JSON.stringify({ container: [name], event: ['attach'] });
  const now = Date.now() / 1000;
  const answer = await engine.request(
    'GET',
    `/events?since=0&until=${now}&filters=${encodeURIComponent(filters)}`,
  );
  return answer.text !== '';
}
