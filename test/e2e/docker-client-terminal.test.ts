import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { needs, proves, startEngine, succeed, type TestEngine } from '../harness/index.ts';

/** busybox's shell asks the terminal, once for each prompt, where its cursor is. */
const PROMPT = /\/ # .\[6n/;
const CTRL_C = '\x03';
const CTRL_D = '\x04';
const DETACH = '\x10\x11';

suite('docker at a terminal', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());

  const status = (name: string): Promise<string> =>
    succeed(engine.docker('inspect', '-f', '{{.State.Status}}', name));
  const remove = (name: string): Promise<string> => succeed(engine.docker('rm', '-f', name));

  suite('run -it', () => {
    const run = ['run', '--rm', '-it', '--network', 'none'];

    test('gives a prompt, takes commands and passes the exit code on', async () => {
      proves('run --tty');
      await using terminal = engine.terminal('docker', [...run, 'busybox', 'sh']);
      await terminal.expect(PROMPT);
      terminal.write('echo $((6 * 7))\r');
      await terminal.expect(/\n42\r\n/);
      await terminal.expect(PROMPT);
      terminal.write('exit 9\r');
      assert.equal(await terminal.exit(), 9);
    });

    test('the program has the size of the terminal, and is told when it changes', async () => {
      // Clients set the size once at the start too.
      const changed = '[ "$(stty size)" = "44 122" ] && exit 3';
      const script = `trap '${changed}' WINCH; stty size; echo ready; while :; do sleep 0.05; done`;
      const size = { rows: 33, columns: 101 };
      await using terminal = engine.terminal('docker', [...run, 'busybox', 'sh', '-c', script], size);
      await terminal.expect(/33 101\r\nready/);
      terminal.resize(44, 122);
      assert.equal(await terminal.exit(), 3);
    });

    test('the program has the size from its first moment on', async () => {
      const size = { rows: 31, columns: 99 };
      await using terminal = engine.terminal('docker', [...run, 'busybox', 'stty', 'size'], size);
      await terminal.expect(/31 99\r\n/);
      assert.equal(await terminal.exit(), 0);
    });

    test('Ctrl-C reaches the process in front and not the shell', async () => {
      await using terminal = engine.terminal('docker', [...run, 'busybox', 'sh']);
      await terminal.expect(PROMPT);
      terminal.write('echo begun; sleep 600\r');
      await terminal.expect(/\nbegun\r\n/);
      terminal.write(CTRL_C);
      await terminal.expect(PROMPT);
      terminal.write('echo code $?\r');
      await terminal.expect(/\ncode 130\r\n/);
      terminal.write('exit\r');
      assert.equal(await terminal.exit(), 0);
    });

    test('Ctrl-D ends the shell', async () => {
      await using terminal = engine.terminal('docker', [...run, 'busybox', 'sh']);
      await terminal.expect(PROMPT);
      terminal.write(CTRL_D);
      assert.equal(await terminal.exit(), 0);
    });

    test('there is a terminal, with TERM, and ps shows the shell alone', async () => {
      await using terminal = engine.terminal('docker', [...run, 'busybox', 'sh']);
      await terminal.expect(PROMPT);
      terminal.write('tty; echo $TERM; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all three\r');
      await terminal.expect(/\/dev\/(pts\/0|console)\r\nxterm\r\nall three\r\n/);
      terminal.write('exit\r');
      assert.equal(await terminal.exit(), 0);
    });

    test('the detach keys leave the container running, and attach comes back to it', async () => {
      const args = ['run', '-it', '--name', 'left', '--network', 'none', 'busybox', 'sh'];
      await using terminal = engine.terminal('docker', args);
      await terminal.expect(PROMPT);
      terminal.write('remembered=yes\r');
      await terminal.expect(PROMPT);
      terminal.write(DETACH);
      assert.equal(await terminal.exit(), 0);
      assert.equal(await status('left'), 'running');

      await using again = engine.terminal('docker', ['attach', 'left']);
      again.write('\r');
      await again.expect(PROMPT);
      again.write('echo was it? $remembered\r');
      await again.expect(/\nwas it\? yes\r\n/);
      again.write('exit 5\r');
      assert.equal(await again.exit(), 5);
      assert.equal(await status('left'), 'exited');
      await remove('left');
    });

    test('half of the detach keys is input like any other', async () => {
      await using terminal = engine.terminal('docker', [
        ...run,
        'busybox',
        'sh',
        '-c',
        'stty raw; od -An -tx1 -N3',
      ]);
      await terminal.expect(/$/);
      terminal.write('\x10ab');
      await terminal.expect(/10 61 62/);
      assert.equal(await terminal.exit(), 0);
    });

    test('--detach-keys names others', async () => {
      proves('run --detach-keys');
      const keys = ['--detach-keys', 'ctrl-x,y'];
      const args = ['run', '-it', '--name', 'keys', '--network', 'none', ...keys, 'busybox', 'sh'];
      await using terminal = engine.terminal('docker', args);
      await terminal.expect(PROMPT);
      terminal.write('\x18y');
      assert.equal(await terminal.exit(), 0);
      assert.equal(await status('keys'), 'running');
      await remove('keys');
    });
  });

  suite('start -ai', () => {
    test('takes up a container with a terminal', async () => {
      await succeed(engine.docker('create', '-it', '--name', 'again', 'busybox', 'sh'));
      for (const code of [3, 4]) {
        await using terminal = engine.terminal('docker', ['start', '-ai', 'again']);
        await terminal.expect(PROMPT);
        terminal.write(`exit ${code}\r`);
        assert.equal(await terminal.exit(), code);
      }
      await remove('again');
    });
  });

  suite('exec -it', () => {
    before(async () => {
      await succeed(
        engine.docker('run', '-d', '--name', 'host', '--network', 'none', 'busybox', 'sleep', '600'),
      );
    });

    test('gives a prompt, the size, Ctrl-C and the exit code', async () => {
      const size = { rows: 30, columns: 90 };
      await using terminal = engine.terminal('docker', ['exec', '-it', 'host', 'sh'], size);
      await terminal.expect(PROMPT);
      terminal.write('stty size; tty\r');
      await terminal.expect(/\n30 90\r\n\/dev\/pts\/0\r\n/);
      await terminal.expect(PROMPT);
      terminal.resize(40, 100);
      terminal.write('until [ "$(stty size)" = "40 100" ]; do sleep 0.01; done; echo resized\r');
      await terminal.expect(/\nresized\r\n/);
      await terminal.expect(PROMPT);
      terminal.write('echo begun; sleep 600\r');
      await terminal.expect(/\nbegun\r\n/);
      terminal.write(CTRL_C);
      await terminal.expect(PROMPT);
      terminal.write('exit 6\r');
      assert.equal(await terminal.exit(), 6);
    });

    test('the detach keys leave it running', async () => {
      await using terminal = engine.terminal('docker', ['exec', '-it', 'host', 'sh', '-c', 'echo $$; cat']);
      const [, pid] = await terminal.expect(/(\d+)\r\n/);
      terminal.write(DETACH);
      await terminal.expect(/read escape sequence/);
      await terminal.exit();
      await succeed(engine.docker('exec', 'host', 'test', '-d', `/proc/${pid}`));
      await succeed(engine.docker('exec', 'host', 'kill', '-9', pid!));
    });

    test('a command that is not there is told at the terminal', async () => {
      await using terminal = engine.terminal('docker', ['exec', '-it', 'host', 'nosuch']);
      await terminal.expect(/executable file not found/);
      assert.equal(await terminal.exit(), 127);
    });

    test('two at once have terminals of their own', async () => {
      await using one = engine.terminal('docker', ['exec', '-it', 'host', 'sh']);
      await using two = engine.terminal('docker', ['exec', '-it', 'host', 'sh']);
      await Promise.all([one.expect(PROMPT), two.expect(PROMPT)]);
      one.write('echo first $(tty)\r');
      two.write('echo second $(tty)\r');
      const [[, first], [, second]] = await Promise.all([
        one.expect(/\nfirst (\S+)\r\n/),
        two.expect(/\nsecond (\S+)\r\n/),
      ]);
      assert.notEqual(first, second);
      for (const terminal of [one, two]) terminal.write('exit\r');
      assert.deepEqual(await Promise.all([one.exit(), two.exit()]), [0, 0]);
    });
  });

  test('-t alone turns line ends into CR LF and joins the streams', async () => {
    const args = ['run', '--rm', '-t', '--network', 'none', 'busybox', 'sh', '-c', 'echo one; echo two >&2'];
    const result = await engine.docker(...args);
    assert.deepEqual([result.code, result.stdout, result.stderr], [0, 'one\r\ntwo\r\n', '']);
  });
});
