import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needs, startEngine, type TestEngine } from '../harness/index.ts';

suite('the client on an engine', needs('root', 'crun', 'conmon'), () => {
  let engine: TestEngine;
  const dir = mkdtempSync(join(tmpdir(), 'berth-run-'));
  before(async () => {
    engine = await startEngine();
  });
  after(async () => {
    rmSync(dir, { recursive: true });
    await engine[Symbol.asyncDispose]();
  });
  const berth = (...args: string[]) => engine.berth(...args);
  const script = (...text: string[]) => [
    'run',
    '--rm',
    '--network',
    'none',
    'busybox',
    'sh',
    '-c',
    text.join('; '),
  ];

  test('run keeps output and errors apart and ends with the exit code', async () => {
    const { stdout, stderr, code } = await berth(...script('echo out', 'echo err >&2', 'exit 7'));
    assert.deepEqual([stdout, stderr, code], ['out\n', 'err\n', 7]);
  });

  test('run passes input on, to its very end', async () => {
    const input = 'x'.repeat(1_000_000);
    const args = ['run', '--rm', '-i', '--network', 'none', 'busybox', 'sh', '-c', 'wc -c; echo done'];
    // Several at once: an end of input that comes while the client is held up must not be lost.
    const results = await Promise.all(
      Array.from({ length: 6 }, () => engine.client('berth', args, { input })),
    );
    for (const { stdout } of results) assert.equal(stdout, '1000000\ndone\n');
  });

  test('run ends with 125, 126 and 127 when there is nothing to run', async () => {
    assert.equal((await berth('run', '--nope')).code, 125);
    assert.equal((await berth('run', '--rm', '--pull', 'never', 'no-such-image')).code, 125);
    assert.equal((await berth('run', '--rm', '--network', 'none', 'busybox', '/etc')).code, 126);
    assert.equal((await berth('run', '--rm', '--network', 'none', 'busybox', 'no-such-program')).code, 127);
  });

  test('run ends with 128 and the signal that ended the container', async () => {
    // Signals that nobody handles do not reach the first process of a namespace, hence the child.
    assert.equal((await berth(...script('sh -c "kill -9 \\$\\$"', 'exit $?'))).code, 137);
  });

  test('run --rm leaves nothing, and --cidfile names the container', async () => {
    const cidfile = join(dir, 'cid');
    assert.equal(
      (await berth('run', '--cidfile', cidfile, '--name', 'kept', '--network', 'none', 'busybox', 'true'))
        .code,
      0,
    );
    const id = readFileSync(cidfile, 'utf8');
    assert.match(id, /^[0-9a-f]{64}$/);
    const again = await berth('run', '--cidfile', cidfile, 'busybox', 'true');
    assert.equal(again.code, 1);
    assert.equal((await berth('rm', 'kept')).stdout, 'kept\n');
    await berth('run', '--rm', '--cidfile', `${cidfile}2`, '--pull', 'never', 'no-such-image');
    assert.equal(existsSync(`${cidfile}2`), false);
    assert.equal((await berth('ps', '-aq')).stdout, '');
  });

  test('run reads environment and labels from files, flags and its own environment', async () => {
    const args = ['run', '--rm', '--network', 'none', '-e', 'GIVEN', '-e', 'A=1', 'busybox', 'env'];
    const { stdout } = await engine.client('berth', args, { env: { GIVEN: 'from here' } });
    assert.match(stdout, /^GIVEN=from here$/m);
    assert.match(stdout, /^A=1$/m);
  });

  for (const [signal, name] of [
    ['SIGTERM', 'TERM'],
    ['SIGHUP', 'HUP'],
    ['SIGUSR1', 'USR1'],
    ['SIGINT', 'INT'],
  ] as const) {
    test(`run passes ${signal} on`, async () => {
      const child = engine.spawn(
        'berth',
        ...script(`trap 'echo got ${name}; exit 9' ${name}`, 'echo ready', 'while :; do sleep 0.05; done'),
      );
      const ended = endOf(child);
      let output = '';
      child.stdout!.on('data', (bytes: Buffer) => {
        output += String(bytes);
        if (output === 'ready\n') child.kill(signal);
      });
      const code = await ended;
      assert.deepEqual([output, code], [`ready\ngot ${name}\n`, 9]);
    });
  }

  test('a container in the background is listed, logged, entered, stopped and removed', async () => {
    const id = (
      await berth(
        'run',
        '-d',
        '--name',
        'back',
        '--network',
        'none',
        'busybox',
        'sh',
        '-c',
        'echo hello; exec sleep 1000',
      )
    ).stdout.trim();
    assert.match(id, /^[0-9a-f]{64}$/);
    assert.match((await berth('ps')).stdout, new RegExp(`^${id.slice(0, 12)} +busybox .* back$`, 'm'));
    assert.equal((await berth('ps', '-q', '--no-trunc')).stdout, `${id}\n`);
    assert.equal((await berth('logs', 'back')).stdout, 'hello\n');
    const inside = await berth('exec', '-e', 'A=b', '-w', '/tmp', 'back', 'sh', '-c', 'echo $A $PWD; exit 3');
    assert.deepEqual([inside.stdout, inside.code], ['b /tmp\n', 3]);
    assert.equal(
      (await berth('inspect', '-f', '{{.State.Status}} {{.Name}}', 'back')).stdout,
      'running /back\n',
    );
    const waiting = berth('wait', 'back');
    await sleep(100);
    assert.equal((await berth('kill', 'back')).stdout, 'back\n');
    assert.equal((await waiting).stdout, '137\n');
    assert.equal((await berth('start', 'back')).stdout, 'back\n');
    assert.equal((await berth('stop', '-t', '0', 'back')).stdout, 'back\n');
    assert.equal((await berth('rm', 'back')).stdout, 'back\n');
    const gone = await berth('inspect', 'back');
    assert.deepEqual([gone.stdout, gone.stderr, gone.code], ['[]\n', 'Error: No such object: back\n', 1]);
  });

  test('start -ai gives the container input and takes its output', async () => {
    await berth('create', '-i', '--name', 'again', '--network', 'none', 'busybox', 'cat');
    const { stdout } = await engine.client('berth', ['start', '-ai', 'again'], { input: 'twice\n' });
    assert.equal(stdout, 'twice\n');
    await berth('rm', 'again');
  });

  test('output into a closed pipe ends the client', async () => {
    await berth('run', '-d', '--name', 'chatty', '--network', 'none', 'busybox', 'sleep', '1000');
    const child = engine.spawn('berth', 'exec', 'chatty', 'yes');
    const ended = endOf(child);
    child.stdout!.once('data', () => child.stdout!.destroy());
    assert.equal(await ended, 141);
    await berth('rm', '-f', 'chatty');
  });

  test('an engine that dies is one line, and no stack', async () => {
    await berth('run', '-d', '--name', 'orphan', '--network', 'none', 'busybox', 'sleep', '1000');
    const child = engine.spawn('berth', 'logs', '-f', 'orphan');
    const ended = endOf(child);
    let errors = '';
    child.stderr!.on('data', (bytes: Buffer) => {
      errors += String(bytes);
    });
    await sleep(500);
    await engine.kill9();
    assert.equal(await ended, 1);
    assert.match(errors, /^The connection to the Berth engine at unix:.* was lost: .*\n$/);
    const absent = await berth('ps');
    assert.deepEqual(
      [absent.stderr, absent.code],
      [`Cannot connect to the Berth engine at ${engine.host}. Is berthd running?\n`, 1],
    );
    await engine.start();
    await berth('rm', '-f', 'orphan');
  });

  suite('at a terminal', () => {
    test('run gives the container a terminal of the same size, and takes its own back', async () => {
      await using terminal = engine.terminal(
        'berth',
        ['run', '--rm', '-it', '--network', 'none', 'busybox', 'sh'],
        { rows: 30, columns: 100 },
      );
      await terminal.expect(/# /);
      terminal.write('stty size; tty\r');
      await terminal.expect(/30 100/);
      await terminal.expect(/\/dev\//);
      terminal.resize(20, 60);
      await sleep(300);
      terminal.write('stty size\r');
      await terminal.expect(/20 60/);
      terminal.write('sleep 100\r');
      await sleep(300);
      terminal.write('\x03');
      await sleep(100);
      terminal.write('exit 4\r');
      assert.equal(await terminal.exit(), 4);
    });

    test('the detach keys leave the container running, and attach comes back to it', async () => {
      await using first = engine.terminal('berth', [
        'run',
        '-it',
        '--name',
        'kept',
        '--network',
        'none',
        'busybox',
        'sh',
      ]);
      await first.expect(/# /);
      first.write('\x10\x11');
      assert.equal(await first.exit(), 0);
      assert.match((await berth('ps')).stdout, / kept$/m);
      await using second = engine.terminal('berth', ['attach', '--detach-keys', 'ctrl-x,x', 'kept']);
      await second.expect(/# /);
      second.write('echo he""llo\r');
      await second.expect(/hello/);
      second.write('\x18x');
      assert.equal(await second.exit(), 1);
      await using third = engine.terminal('berth', ['exec', '-it', 'kept', 'sh', '-c', 'tty && exit 6']);
      assert.equal(await third.exit(), 6);
      await berth('rm', '-f', 'kept');
    });

    test('a terminal is asked for where there is none', async () => {
      const { stderr, code } = await berth('run', '--rm', '-it', 'busybox', 'true');
      assert.deepEqual([stderr, code], ['the input device is not a TTY\n', 1]);
    });
  });
});

/** The exit code, once all of the output has come. Asked for before anything can end the program. */
function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.on('close', resolve));
}
