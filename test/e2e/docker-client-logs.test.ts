import assert from 'node:assert/strict';
import { once } from 'node:events';
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

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /;

suite('docker logs', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
    await leave('five', 'for i in 1 2 3 4 5; do echo line $i; done; echo to-err >&2');
  });
  after(() => engine[Symbol.asyncDispose]());

  /** Runs a script to its end in a container that stays. */
  const leave = (name: string, script: string, ...flags: string[]): Promise<Result> =>
    engine.docker('run', '--name', name, '--network', 'none', ...flags, 'busybox', 'sh', '-c', script);
  const logs = (...args: string[]): Promise<Result> => engine.docker('logs', ...args);

  test('gives both streams, apart', async () => {
    proves('logs');
    const result = await logs('five');
    assert.equal(result.stdout, 'line 1\nline 2\nline 3\nline 4\nline 5\n');
    assert.equal(result.stderr, 'to-err\n');
  });

  test('--tail counts lines of both streams', async () => {
    const count = async (tail: string): Promise<number> => {
      const { stdout, stderr } = await logs('--tail', tail, 'five');
      return `${stdout}${stderr}`.split('\n').length - 1;
    };
    assert.deepEqual(await Promise.all(['0', '1', '4', '6', '100', 'all'].map(count)), [0, 1, 4, 6, 6, 6]);
  });

  test('--tail gives the last lines', async () => {
    proves('logs --tail');
    await leave('thousand', 'seq 1 5000');
    assert.equal((await logs('--tail', '3', 'thousand')).stdout, '4998\n4999\n5000\n');
    assert.equal((await logs('thousand')).stdout.split('\n').length, 5001);
  });

  test('--timestamps puts UTC times with nanoseconds before each line', async () => {
    proves('logs --timestamps');
    const lines = (await logs('--timestamps', 'five')).stdout.trimEnd().split('\n');
    assert.equal(lines.length, 5);
    for (const line of lines) assert.match(line, TIMESTAMP);
    assert.deepEqual(
      lines.map((line) => line.replace(TIMESTAMP, '')),
      ['line 1', 'line 2', 'line 3', 'line 4', 'line 5'],
    );
  });

  test('--details adds the room for attributes', async () => {
    proves('logs --details');
    assert.equal((await logs('--details', '--tail', '1', 'five')).stderr, ' to-err\n');
  });

  test('--since and --until take times, lengths of time and what --timestamps shows', async () => {
    proves('logs --since', 'logs --until');
    await leave('apart', 'echo early; sleep 0.3; echo late');
    const lines = (await logs('--timestamps', 'apart')).stdout.trimEnd().split('\n');
    const late = lines[1]!.split(' ', 1)[0]!;
    const between = new Date(Date.parse(late) - 150).toISOString();
    assert.equal((await logs('--since', between, 'apart')).stdout, 'late\n');
    assert.equal((await logs('--until', between, 'apart')).stdout, 'early\n');
    assert.equal((await logs('--since', late, 'apart')).stdout, 'late\n');
    assert.equal((await logs('--since', '1h', 'apart')).stdout, 'early\nlate\n');
    assert.equal((await logs('--since', '1h', '--until', '30m', 'apart')).stdout, '');
    assert.equal((await logs('--since', '2100-01-01', 'apart')).stdout, '');
  });

  test('-f gives what comes as it comes, and ends with the container', async () => {
    proves('logs --follow');
    const script = 'echo old; read line; echo new; exit 1';
    await succeed(engine.docker('run', '-d', '-i', '--name', 'followed', 'busybox', 'sh', '-c', script));
    const child = engine.spawn('docker', 'logs', '-f', 'followed');
    const ended = exitCode(child);
    assert.equal(String((await once(child.stdout!, 'data'))[0]), 'old\n');
    const said = once(child.stdout!, 'data');
    await engine.client('docker', ['attach', 'followed'], { input: 'go on\n' });
    assert.equal(String((await said)[0]), 'new\n');
    assert.equal(await ended, 0);
  });

  test('-f of a container that has ended gives everything and ends', async () => {
    assert.equal((await logs('-f', 'five')).stdout.split('\n').length, 6);
  });

  test('-f --tail 0 gives only what is new', async () => {
    const script = 'echo old; while :; do sleep 0.02; echo tick; done';
    await succeed(engine.docker('run', '-d', '--name', 'ticking', 'busybox', 'sh', '-c', script));
    const all = engine.spawn('docker', 'logs', '-f', 'ticking');
    assert.match(String((await once(all.stdout!, 'data'))[0]), /^old\n/);
    const fresh = engine.spawn('docker', 'logs', '-f', '--tail', '0', 'ticking');
    const ended = [exitCode(all), exitCode(fresh)];
    assert.match(String((await once(fresh.stdout!, 'data'))[0]), /^tick\n/);
    await succeed(engine.docker('rm', '-f', 'ticking'));
    assert.deepEqual(await Promise.all(ended), [0, 0]);
  });

  test('-f ends when the container is removed', async () => {
    await succeed(
      engine.docker('run', '-d', '--name', 'doomed', 'busybox', 'sh', '-c', 'echo here; sleep 600'),
    );
    const child = engine.spawn('docker', 'logs', '-f', 'doomed');
    const ended = exitCode(child);
    await once(child.stdout!, 'data');
    await succeed(engine.docker('rm', '-f', 'doomed'));
    assert.equal(await ended, 0);
  });

  test('a second run is added to the first', async () => {
    await leave('twice', 'echo once');
    await succeed(engine.docker('start', '-a', 'twice'));
    assert.equal((await logs('twice')).stdout, 'once\nonce\n');
  });

  test('what was written without a newline is there, and long lines are whole', async () => {
    await leave('odd', 'head -c 100000 /dev/zero | tr "\\0" x; echo; printf end');
    const { stdout } = await logs('odd');
    assert.equal(stdout, `${'x'.repeat(100_000)}\nend`);
    assert.equal((await logs('--tail', '1', 'odd')).stdout, 'end');
  });

  test('bytes that are no text come back as they were', async () => {
    await leave('bytes', 'printf "\\000\\001\\377\\n"');
    const answer = await engine.request('GET', '/containers/bytes/logs?stdout=1');
    assert.deepEqual([...answer.body.subarray(8)], [0, 1, 255, 10]);
  });

  test('a terminal has one stream', async () => {
    await leave('tty', 'echo one; echo two >&2', '-t');
    const result = await logs('tty');
    assert.deepEqual([result.stdout, result.stderr], ['one\r\ntwo\r\n', '']);
  });

  test('without a log there is nothing to read', async () => {
    await leave('unlogged', 'echo lost', '--log-driver', 'none');
    const result = await logs('unlogged');
    assert.equal(result.code, 1);
    assert.match(result.stderr, /configured logging driver does not support reading/);
  });

  test('a missing container is named', async () => {
    const result = await logs('nosuch');
    assert.equal(result.code, 1);
    assert.match(result.stderr, /No such container: nosuch/);
  });
});
