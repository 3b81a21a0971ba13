import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type Answer, needs, proves, startEngine, type TestEngine } from '../harness/index.ts';
import { type RawAnswer, raw, UPGRADE } from './raw.ts';
import { create, eventually, expectStatus, remove, split, start, wait } from './support.ts';

const RAW = 'application/vnd.docker.raw-stream';
const MULTIPLEXED = 'application/vnd.docker.multiplexed-stream';
const BOTH = 'stream=1&stdout=1&stderr=1';

suite('the Engine API: streams', needs('root'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());

  const post = (path: string, body?: object): Promise<Answer> =>
    engine.request('POST', path, body === undefined ? {} : { body });
  const refused = (answer: Answer, status: number, words: RegExp): void => {
    assert.equal(answer.status, status, answer.text);
    assert.match((answer.json() as { message: string }).message, words);
  };
  const attach = (id: string, query: string, headers?: Record<string, string>, prefix = '/v1.55') =>
    raw(engine.socket, { path: `${prefix}/containers/${id}/attach?${query}`, ...(headers && { headers }) });
  const close = (answer: RawAnswer): void => void answer.socket.destroy();

  suite('attach', () => {
    const heads: ReadonlyArray<readonly [prefix: string, tty: boolean, upgrade: boolean, type: string]> = [
      ['/v1.55', false, true, MULTIPLEXED],
      ['/v1.55', true, true, RAW],
      ['/v1.55', false, false, RAW],
      ['/v1.42', false, true, MULTIPLEXED],
      ['/v1.41', false, true, RAW],
      ['/v1.24', false, true, RAW],
      ['/v1.24', false, false, RAW],
    ];
    for (const [prefix, tty, upgrade, type] of heads) {
      const name = `${prefix}, ${tty ? 'a terminal' : 'no terminal'}, ${upgrade ? 'with' : 'without'} upgrade`;
      test(`the head of the answer: ${name}`, async () => {
        const id = await start(engine, { config: { Tty: tty } });
        const answer = await attach(id, BOTH, upgrade ? UPGRADE : undefined, prefix);
        assert.equal(answer.statusLine, upgrade ? 'HTTP/1.1 101 UPGRADED' : 'HTTP/1.1 200 OK');
        assert.equal(answer.headers.get('content-type'), type);
        assert.equal(answer.headers.get('upgrade'), upgrade ? 'tcp' : undefined);
        if (upgrade) assert.equal(answer.headers.get('connection'), 'Upgrade');
        assert.equal(answer.headers.has('transfer-encoding'), false);
        assert.equal(answer.headers.has('content-length'), false);
        close(answer);
        await remove(engine, id);
      });
    }

    test('frames carry the stream and the length', async () => {
      proves('POST /containers/{id}/attach');
      const id = await create(engine, { cmd: ['sh', '-c', 'printf abc; printf defg >&2'] });
      const answer = await attach(id, BOTH, UPGRADE);
      expectStatus(await post(`/containers/${id}/start`), 204);
      await answer.ended;
      const bytes = answer.received();
      const frames = [];
      for (let at = 0; at < bytes.length; ) {
        const length = bytes.readUInt32BE(at + 4);
        frames.push([
          bytes[at],
          [...bytes.subarray(at + 1, at + 4)],
          bytes.toString('utf8', at + 8, at + 8 + length),
        ]);
        at += 8 + length;
      }
      frames.sort();
      assert.deepEqual(frames, [
        [1, [0, 0, 0], 'abc'],
        [2, [0, 0, 0], 'defg'],
      ]);
      await wait(engine, id);
      await remove(engine, id);
    });

    test('the client’s half-close is the end of input, and the answer still comes', async () => {
      const id = await create(engine, { cmd: ['wc', '-c'], config: { OpenStdin: true, StdinOnce: true } });
      const answer = await attach(id, `${BOTH}&stdin=1`, UPGRADE);
      expectStatus(await post(`/containers/${id}/start`), 204);
      answer.socket.end('12345');
      await answer.ended;
      assert.equal(split(answer.received()).stdout, '5\n');
      await wait(engine, id);
      await remove(engine, id);
    });

    test('without StdinOnce the input survives its client', async () => {
      const script = 'read a; echo "first $a"; read b; echo "second $b"';
      const id = await start(engine, { cmd: ['sh', '-c', script], config: { OpenStdin: true } });
      const one = await attach(id, `${BOTH}&stdin=1`, UPGRADE);
      one.socket.end('x\n');
      await eventually('the first line is answered', () => split(one.received()).stdout === 'first x\n');
      const two = await attach(id, `${BOTH}&stdin=1`, UPGRADE);
      two.socket.write('y\n');
      await eventually('the second too', () => split(two.received()).stdout === 'second y\n');
      await wait(engine, id);
      await remove(engine, id);
    });

    test('logs=1 gives what has been; with stream=1 what comes, too, and each once', async () => {
      const script = 'echo old; read line; echo new';
      const id = await start(engine, { cmd: ['sh', '-c', script], config: { OpenStdin: true } });
      await eventually('the first line', async () =>
        (await engine.request('GET', `/containers/${id}/logs?stdout=1`)).text.includes('old'),
      );
      const past = await attach(id, 'logs=1&stdout=1&stderr=1', UPGRADE);
      await past.ended;
      assert.equal(split(past.received()).stdout, 'old\n');
      const both = await attach(id, `logs=1&stdin=1&${BOTH}`, UPGRADE);
      both.socket.write('\n');
      await both.ended;
      assert.equal(split(both.received()).stdout, 'old\nnew\n');
      await wait(engine, id);
      await remove(engine, id);
    });

    test('detach keys of the client’s choice end the stream and nothing else', async () => {
      const id = await start(engine, { cmd: ['cat'], config: { Tty: true, OpenStdin: true } });
      const answer = await attach(id, `${BOTH}&stdin=1&detachKeys=a,ctrl-b`, UPGRADE);
      answer.socket.write('a\x02');
      await answer.ended;
      refused(await post(`/containers/${id}/attach?${BOTH}&detachKeys=nosuch`), 400, /detach keys/i);
      assert.equal((await engine.request('GET', `/containers/${id}/json`)).json().State.Status, 'running');
      await remove(engine, id);
    });

    test('a container that there is not', async () => {
      refused(await post(`/containers/nosuch/attach?${BOTH}`), 404, /^No such container: nosuch$/);
    });

    test('one that stops reading holds up neither the container nor another client', async () => {
      const script = 'read line; head -c 20000000 /dev/zero; echo; echo done >&2';
      const id = await start(engine, { cmd: ['sh', '-c', script], config: { OpenStdin: true } });
      const lazy = await attach(id, BOTH, UPGRADE);
      lazy.socket.pause();
      const keen = await attach(id, `${BOTH}&stdin=1`, UPGRADE);
      keen.socket.write('\n');
      await keen.ended;
      assert.equal(split(keen.received()).stderr, 'done\n');
      assert.equal(await wait(engine, id), 0);
      close(lazy);
      await remove(engine, id);
    });
  });

  suite('logs', () => {
    let id: string;
    before(async () => {
      id = await create(engine, { cmd: ['sh', '-c', 'echo one; echo two; echo err >&2'] });
      await post(`/containers/${id}/start`);
      await wait(engine, id);
    });
    after(() => remove(engine, id));

    const logs = (query: string, prefix = ''): Promise<Answer> =>
      engine.request('GET', `${prefix}/containers/${id}/logs?${query}`);

    test('without a stream they are refused', async () => {
      refused(await logs(''), 400, /you must choose at least one stream/);
      refused(await logs('stdout=0&stderr=false'), 400, /you must choose at least one stream/);
    });

    test('the content type follows the version', async () => {
      assert.equal((await logs('stdout=1', '/v1.55')).headers['content-type'], MULTIPLEXED);
      assert.equal((await logs('stdout=1', '/v1.41')).headers['content-type'], RAW);
      const tty = await start(engine, { cmd: ['echo', 'bare'], config: { Tty: true } });
      await wait(engine, tty);
      const answer = await engine.request('GET', `/v1.55/containers/${tty}/logs?stdout=1`);
      assert.deepEqual([answer.headers['content-type'], answer.text], [RAW, 'bare\r\n']);
      await remove(engine, tty);
    });

    test('streams, tail, and a tail that is no number', async () => {
      const texts = async (query: string) => split((await logs(query)).body);
      assert.deepEqual(await texts('stdout=1'), { stdout: 'one\ntwo\n', stderr: '' });
      assert.deepEqual(await texts('stderr=1'), { stdout: '', stderr: 'err\n' });
      assert.deepEqual(await texts('stdout=1&tail=1'), { stdout: 'two\n', stderr: '' });
      assert.deepEqual(await texts('stdout=1&tail=0'), { stdout: '', stderr: '' });
      for (const tail of ['all', 'nonsense', ''])
        assert.deepEqual(await texts(`stdout=1&tail=${tail}`), { stdout: 'one\ntwo\n', stderr: '' }, tail);
    });

    test('timestamps, and since and until in seconds with fractions', async () => {
      proves('GET /containers/{id}/logs');
      const { stdout } = split((await logs('stdout=1&timestamps=1')).body);
      const [first = ''] = stdout.split('\n');
      const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z one$/.exec(first);
      assert.ok(match !== null, first);
      const seconds = Date.parse(`${match[1]}Z`) / 1000;
      const count = async (query: string) =>
        split((await logs(`stdout=1&${query}`)).body).stdout.split('\n').length - 1;
      assert.equal(await count(`since=${seconds}.${match[2]}`), 2);
      assert.equal(await count(`since=${seconds + 1000}`), 0);
      assert.equal(await count(`until=${seconds - 1}.5`), 0);
      assert.equal(await count(`until=${seconds + 1000}`), 2);
      assert.equal(await count('since=0&until=0'), 2);
      refused(await logs('stdout=1&since=nonsense'), 400, /./);
    });

    test('a follower has the head at once, though nothing has been written', async () => {
      const quiet = await start(engine);
      const answer = await raw(engine.socket, {
        method: 'GET',
        path: `/containers/${quiet}/logs?follow=1&stdout=1`,
      });
      assert.match(answer.statusLine, /^HTTP\/1\.1 200 /);
      close(answer);
      await remove(engine, quiet);
    });

    test('a container that there is not', async () => {
      refused(
        await engine.request('GET', '/containers/nosuch/logs?stdout=1'),
        404,
        /^No such container: nosuch$/,
      );
    });
  });

  suite('exec', () => {
    let id: string;
    before(async () => {
      id = await start(engine);
    });
    after(() => remove(engine, id));

    const make = async (body: object): Promise<string> =>
      (expectStatus(await post(`/containers/${id}/exec`, body), 201).json() as { Id: string }).Id;
    const look = async (exec: string) =>
      expectStatus(await engine.request('GET', `/exec/${exec}/json`), 200).json() as Record<string, unknown>;
    const out = { AttachStdout: true, AttachStderr: true };

    test('create refuses what cannot be run', async () => {
      refused(await post(`/containers/${id}/exec`, { ...out }), 400, /No exec command specified/);
      refused(
        await post(`/containers/${id}/exec`, { Cmd: ['id'], User: 'nobodyatall' }),
        400,
        /unable to find user/,
      );
      refused(await post('/containers/nosuch/exec', { Cmd: ['id'] }), 404, /^No such container: nosuch$/);
      const idle = await create(engine);
      refused(
        await post(`/containers/${idle}/exec`, { Cmd: ['id'] }),
        409,
        /container [0-9a-f]{64} is not running/,
      );
      await remove(engine, idle);
    });

    test('from creation to its end', async () => {
      proves('POST /containers/{id}/exec', 'POST /exec/{id}/start', 'GET /exec/{id}/json');
      const exec = await make({ Cmd: ['sh', '-c', 'exit 3'], ...out });
      assert.match(exec, /^[0-9a-f]{64}$/);
      const before = await look(exec);
      assert.deepEqual([before['Running'], before['ExitCode'], before['ContainerID']], [false, null, id]);
      expectStatus(await post(`/exec/${exec}/start`, {}), 200);
      const after = await look(exec);
      assert.deepEqual([after['Running'], after['ExitCode'], after['Pid']], [false, 3, 0]);
      const config = after['ProcessConfig'] as Record<string, unknown>;
      assert.deepEqual(
        [config['entrypoint'], config['arguments'], config['tty']],
        ['sh', ['-c', 'exit 3'], false],
      );
      refused(await post(`/exec/${exec}/start`, {}), 409, /has already run/);
      refused(await engine.request('GET', '/exec/nosuch/json'), 404, /No such exec instance: nosuch/);
      refused(await post('/exec/nosuch/start', {}), 404, /No such exec instance: nosuch/);
    });

    test('while it runs: no exit code, and no second start', async () => {
      const exec = await make({ Cmd: ['cat'], AttachStdin: true, ...out });
      const answer = await raw(engine.socket, { path: `/exec/${exec}/start`, body: {}, headers: UPGRADE });
      const state = await look(exec);
      assert.deepEqual([state['Running'], state['ExitCode']], [true, null]);
      refused(await post(`/exec/${exec}/start`, {}), 409, /is already running/);
      answer.socket.end('bye');
      await answer.ended;
      assert.equal(split(answer.received()).stdout, 'bye');
      await eventually('it has ended', async () => (await look(exec))['ExitCode'] === 0);
    });

    const heads: ReadonlyArray<readonly [prefix: string, tty: boolean, upgrade: boolean, type: string]> = [
      ['/v1.55', false, true, MULTIPLEXED],
      ['/v1.55', false, false, RAW],
      ['/v1.55', true, true, RAW],
      ['/v1.24', false, true, RAW],
    ];
    for (const [prefix, tty, upgrade, type] of heads) {
      const name = `${prefix}, ${tty ? 'a terminal' : 'no terminal'}, ${upgrade ? 'with' : 'without'} upgrade`;
      test(`the head of the answer: ${name}`, async () => {
        const exec = await make({ Cmd: ['echo', 'hi'], Tty: tty, ...out });
        const path = `${prefix}/exec/${exec}/start`;
        const answer = await raw(engine.socket, {
          path,
          body: { Tty: tty },
          headers: upgrade ? UPGRADE : {},
        });
        assert.equal(answer.statusLine, upgrade ? 'HTTP/1.1 101 UPGRADED' : 'HTTP/1.1 200 OK');
        assert.equal(answer.headers.get('content-type'), type);
        await answer.ended;
        assert.equal(
          tty ? String(answer.received()) : split(answer.received()).stdout,
          tty ? 'hi\r\n' : 'hi\n',
        );
      });
    }

    test('what cannot be run is told in the stream, with code 126 or 127', async () => {
      for (const [command, code, words] of [
        ['nosuch', 127, /executable file not found in \$PATH/],
        ['/etc/passwd', 126, /permission denied/],
      ] as const) {
        const exec = await make({ Cmd: [command], ...out });
        const answer = await raw(engine.socket, { path: `/exec/${exec}/start`, body: {}, headers: UPGRADE });
        await answer.ended;
        assert.match(split(answer.received()).stdout, words);
        assert.equal((await look(exec))['ExitCode'], code);
      }
    });

    test('detached: an empty answer; what cannot be run is an error', async () => {
      const exec = await make({ Cmd: ['true'] });
      const answer = await post(`/exec/${exec}/start`, { Detach: true });
      assert.deepEqual([answer.status, answer.text], [200, '']);
      await eventually('it has ended', async () => (await look(exec))['ExitCode'] === 0);
      const broken = await make({ Cmd: ['nosuch'] });
      refused(await post(`/exec/${broken}/start`, { Detach: true }), 400, /executable file not found/);
      assert.equal((await look(broken))['ExitCode'], 127);
    });

    test('resize: of a terminal that is there, and of one that is not yet', async () => {
      proves('POST /exec/{id}/resize');
      const exec = await make({
        Cmd: ['sh', '-c', 'read line; stty size'],
        Tty: true,
        AttachStdin: true,
        ...out,
      });
      refused(await post(`/exec/${exec}/resize?h=5&w=6`), 409, /./);
      const answer = await raw(engine.socket, {
        path: `/exec/${exec}/start`,
        body: { Tty: true },
        headers: UPGRADE,
      });
      expectStatus(await post(`/exec/${exec}/resize?h=15&w=66`), 200);
      answer.socket.write('\n');
      await answer.ended;
      assert.match(String(answer.received()), /15 66\r\n$/);
      refused(await post('/exec/nosuch/resize?h=5&w=6'), 404, /No such exec instance/);
    });

    test('the size can come with the start', async () => {
      const exec = await make({ Cmd: ['stty', 'size'], Tty: true, ...out });
      const body = { Tty: true, ConsoleSize: [11, 77] };
      const answer = await raw(engine.socket, { path: `/exec/${exec}/start`, body, headers: UPGRADE });
      await answer.ended;
      assert.equal(String(answer.received()), '11 77\r\n');
    });
  });
});
