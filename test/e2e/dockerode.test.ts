import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, suite, test } from 'node:test';
import type Docker from 'dockerode';
import { needs, proves, startEngine, type TestEngine } from '../harness/index.ts';
import { eventually } from './support.ts';

suite('dockerode', needs('root'), () => {
  let engine: TestEngine;
  let docker: Docker;
  before(async () => {
    engine = await startEngine();
    docker = engine.dockerode;
  });
  after(() => engine[Symbol.asyncDispose]());

  const create = (options: Docker.ContainerCreateOptions = {}): Promise<Docker.Container> =>
    docker.createContainer({
      Image: 'busybox',
      Cmd: ['sleep', '600'],
      ...options,
      HostConfig: { NetworkMode: 'none', ...options.HostConfig },
    });

  /** Takes a stream of frames apart. */
  const split = (container: Docker.Container, stream: NodeJS.ReadableStream) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    container.modem.demuxStream(stream, stdout, stderr);
    const end = () => {
      stdout.end();
      stderr.end();
    };
    stream.on('end', end).on('close', end);
    return { stdout, stderr };
  };

  for (const hijack of [true, false]) {
    test(`attach before the start, ${hijack ? 'hijacked' : 'by plain HTTP'}: no output is lost`, async () => {
      const container = await create({ Cmd: ['sh', '-c', 'echo out; echo err >&2; exit 4'] });
      const stream = await container.attach({ stream: true, stdout: true, stderr: true, hijack });
      const { stdout, stderr } = split(container, stream);
      const said = Promise.all([text(stdout), text(stderr)]);
      const waiting = container.wait({ condition: 'next-exit' });
      await container.start();
      assert.deepEqual(await said, ['out\n', 'err\n']);
      assert.equal(((await waiting) as { StatusCode: number }).StatusCode, 4);
      await container.remove();
    });
  }

  test('attach with input, hijacked: what is written comes back, the end of it ends the program', async () => {
    const container = await create({ Cmd: ['cat'], OpenStdin: true, StdinOnce: true });
    const stream = await container.attach({
      stream: true,
      stdin: true,
      stdout: true,
      stderr: true,
      hijack: true,
    });
    const { stdout } = split(container, stream);
    await container.start();
    stream.write('first\n');
    assert.equal(String((await once(stdout, 'data'))[0]), 'first\n');
    stream.write('second\n');
    const rest = text(stdout);
    stream.end();
    assert.equal(await rest, 'second\n');
    assert.equal(((await container.wait()) as { StatusCode: number }).StatusCode, 0);
    await container.remove();
  });

  test('run, dockerode’s own way of doing it all', async () => {
    const output = new PassThrough();
    const said = text(output);
    const [end, container] = (await docker.run('busybox', ['echo', 'hello'], output, {
      HostConfig: { NetworkMode: 'none' },
    })) as [{ StatusCode: number }, Docker.Container];
    assert.equal(end.StatusCode, 0);
    assert.equal(await said, 'hello\r\n');
    await container.remove();
  });

  test('a terminal: bare bytes, input and size', async () => {
    const script = 'read line; stty size; echo "got $line"';
    const container = await create({ Cmd: ['sh', '-c', script], Tty: true, OpenStdin: true });
    const stream = await container.attach({
      stream: true,
      stdin: true,
      stdout: true,
      stderr: true,
      hijack: true,
    });
    await container.start();
    await container.resize({ h: 21, w: 84 });
    const said = text(stream as unknown as Readable);
    stream.write('this\n');
    assert.equal(await said, 'this\r\n21 84\r\ngot this\r\n');
    await container.wait();
    await container.remove();
  });

  test('exec: streams, input, exit code and inspect', async () => {
    const container = await create();
    await container.start();
    const exec = await container.exec({
      Cmd: ['sh', '-c', 'cat; echo err >&2; exit 3'],
      ...{ AttachStdin: true, AttachStdout: true, AttachStderr: true },
    });
    assert.equal((await exec.inspect()).ExitCode, null);
    const stream = await exec.start({ hijack: true, stdin: true });
    const { stdout, stderr } = split(container, stream);
    const said = Promise.all([text(stdout), text(stderr)]);
    stream.write('in');
    stream.end();
    assert.deepEqual(await said, ['in', 'err\n']);
    const { Running, ExitCode, ContainerID } = await exec.inspect();
    assert.deepEqual([Running, ExitCode, ContainerID], [false, 3, container.id]);
    await container.remove({ force: true });
  });

  test('exec with a terminal', async () => {
    const container = await create();
    await container.start();
    const exec = await container.exec({ Cmd: ['sh'], Tty: true, AttachStdin: true, AttachStdout: true });
    const stream = await exec.start({ hijack: true, stdin: true, Tty: true });
    let said = '';
    stream.on('data', (bytes: Buffer) => {
      said += String(bytes);
    });
    await exec.resize({ h: 17, w: 71 });
    stream.write('stty size; exit\n');
    await once(stream, 'end');
    assert.match(said, /\r\n17 71\r\n/);
    await container.remove({ force: true });
  });

  test('logs: what has been, and what is still to come', async () => {
    const container = await create({
      Cmd: ['sh', '-c', 'echo one; echo two >&2; read line; echo three'],
      OpenStdin: true,
    });
    await container.start();
    const follow = await container.logs({ follow: true, stdout: true, stderr: true });
    const { stdout, stderr } = split(container, follow);
    const said = Promise.all([text(stdout), text(stderr)]);
    const input = await container.attach({ stream: true, stdin: true, hijack: true });
    input.write('\n');
    assert.deepEqual(await said, ['one\nthree\n', 'two\n']);
    const past = await container.logs({ follow: false, stdout: true, tail: 1 });
    assert.equal(past.subarray(8).toString(), 'three\n');
    await container.wait();
    await container.remove();
  });

  test('events', async () => {
    const stream = await docker.getEvents({ filters: { type: ['container'], label: ['heard'] } });
    let lines = '';
    stream.on('data', (bytes: Buffer) => {
      lines += String(bytes);
    });
    const container = await create({ Labels: { heard: '' } });
    await container.start();
    await container.kill();
    await container.remove();
    const actions = () =>
      lines
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { Action: string }).Action);
    await eventually('the last event', () => actions().includes('destroy'));
    assert.deepEqual(actions(), ['create', 'start', 'kill', 'die', 'destroy']);
    (stream as unknown as Readable).destroy();
  });

  test('restart, stop, inspect and list', async () => {
    proves('POST /containers/{id}/restart');
    const container = await create({ name: 'listed', Labels: { shown: 'yes' } });
    await container.start();
    await container.restart({ t: 0 });
    await container.stop({ t: 0 });
    const { State, Name } = await container.inspect();
    assert.deepEqual([State.Status, State.ExitCode, Name], ['exited', 137, '/listed']);
    const [found] = await docker.listContainers({ all: true, filters: { label: ['shown=yes'] } });
    assert.deepEqual([found?.Id, found?.State, found?.Names], [container.id, 'exited', ['/listed']]);
    await container.remove();
  });

  test('errors carry the status and the engine’s words', async () => {
    const failing = (promise: Promise<unknown>, statusCode: number, words: RegExp) =>
      assert.rejects(promise, (error: Error & { statusCode?: number }) => {
        assert.equal(error.statusCode, statusCode, error.message);
        assert.match(error.message, words);
        return true;
      });
    const container = await create({ name: 'twice' });
    await failing(create({ name: 'twice' }), 409, /already in use by container/);
    await failing(create({ Image: 'no-such-image' }), 404, /No such image: no-such-image:latest/);
    await failing(docker.getContainer('nosuch').inspect(), 404, /No such container: nosuch/);
    await failing(container.stop(), 304, /./);
    await failing(container.kill(), 409, /is not running/);
    await container.start();
    await failing(container.start(), 304, /./);
    await failing(container.remove(), 409, /container is running/);
    await container.remove({ force: true });
    const broken = await create({ Cmd: ['nosuch'] });
    await failing(broken.start(), 400, /executable file not found/);
    await broken.remove();
  });
});
