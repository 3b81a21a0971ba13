import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, suite, test } from 'node:test';
import {
  type Answer,
  needs,
  proves,
  type RequestOptions,
  startEngine,
  type TestEngine,
} from '../harness/index.ts';
import { raw } from './raw.ts';
import { create, eventually, expectStatus, inspect, remove, start } from './support.ts';

const NEWEST = '/v1.55';
const OLDEST = '/v1.24';

suite('the Engine API: containers', needs('root'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());

  const request = (method: string, path: string, options?: RequestOptions): Promise<Answer> =>
    engine.request(method, path, options);
  const post = (path: string, body?: object): Promise<Answer> =>
    request('POST', path, body === undefined ? {} : { body });

  /** Asserts on an error's status, shape and words. */
  const refused = (answer: Answer, status: number, words: RegExp): void => {
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.headers['content-type'] ?? '', /^application\/json/);
    assert.ok(answer.text.endsWith('}\n'));
    assert.match((answer.json() as { message: string }).message, words);
  };
  /** Asserts on an answer that has no body. */
  const bare = (answer: Answer, status: number): void => {
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.text, '');
  };

  for (const prefix of ['', OLDEST, NEWEST]) {
    suite(`the life of a container under ${prefix || 'no prefix'}`, () => {
      test('each step answers as it should', async () => {
        proves('DELETE /containers/{id}', 'POST /containers/{id}/start');
        const made = await post(`${prefix}/containers/create?name=step`, {
          Image: 'busybox',
          Cmd: ['sleep', '600'],
        });
        assert.equal(made.status, 201, made.text);
        const { Id: id, Warnings } = made.json() as { Id: string; Warnings: unknown };
        assert.match(id, /^[0-9a-f]{64}$/);
        assert.ok(Array.isArray(Warnings));
        bare(await post(`${prefix}/containers/step/start`), 204);
        bare(await post(`${prefix}/containers/step/start`), 304);
        refused(
          await request('DELETE', `${prefix}/containers/step`),
          409,
          /container is running: stop the container/,
        );
        bare(await post(`${prefix}/containers/step/kill?signal=USR1`), 204);
        bare(await post(`${prefix}/containers/step/restart?t=0`), 204);
        bare(await post(`${prefix}/containers/step/stop?t=0`), 204);
        bare(await post(`${prefix}/containers/step/stop`), 304);
        refused(await post(`${prefix}/containers/step/kill`), 409, /container [0-9a-f]{64} is not running/i);
        bare(await request('DELETE', `${prefix}/containers/step`), 204);
        refused(await request('DELETE', `${prefix}/containers/step`), 404, /^No such container: step$/);
      });
    });
  }

  suite('create', () => {
    const make = (body: object, query = ''): Promise<Answer> => post(`/containers/create${query}`, body);

    test('what cannot be made is refused, and nothing is left', async () => {
      proves('POST /containers/create');
      const image = { Image: 'busybox' };
      refused(await make({ Image: 'no-such' }), 404, /^No such image: no-such:latest$/);
      refused(await make({ Image: 'no-such:1' }), 404, /^No such image: no-such:1$/);
      refused(await make({ Image: 'Upper' }), 400, /invalid reference format/);
      refused(await make({}), 400, /./);
      refused(await make(image, '?name=a'), 400, /Invalid container name \(a\)/);
      refused(await make(image, '?name=-ab'), 400, /Invalid container name/);
      refused(await make({ ...image, WorkingDir: 'relative' }), 400, /needs to be an absolute path/);
      refused(await make({ ...image, Env: ['=x'] }), 400, /invalid environment variable/);
      refused(await make({ ...image, StopSignal: 'NOSUCH' }), 400, /invalid signal: NOSUCH/i);
      refused(await make({ ...image, HostConfig: { Memory: 1024 } }), 400, /Minimum memory limit/);
      refused(await make({ ...image, HostConfig: { CapAdd: ['NOSUCH'] } }), 400, /unknown capability/);
      assert.deepEqual((await request('GET', '/containers/json?all=1')).json(), []);
    });

    test('a body that is no JSON is refused in the engine’s words', async () => {
      const send = (body: string, type = 'application/json') =>
        request('POST', '/containers/create', { body, headers: { 'Content-Type': type } });
      refused(await send('{'), 400, /invalid JSON/);
      refused(await send('{"Image":"busybox"} {}'), 400, /unexpected content after JSON/);
      refused(await send('{}', 'text/plain'), 400, /unsupported Content-Type header \(text\/plain\)/);
      refused(await send('{"Cmd":{"a":1}}'), 400, /invalid JSON/);
    });

    test('a taken name is refused, and says whose it is', async () => {
      const id = await create(engine, { name: 'taken' });
      const text = `Conflict. The container name "/taken" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`;
      const answer = await make({ Image: 'busybox' }, '?name=taken');
      assert.deepEqual([answer.status, answer.json()], [409, { message: text }]);
      refused(await make({ Image: 'busybox' }, '?name=/taken'), 409, /already in use/);
      await remove(engine, id);
    });

    test('of ten who want one name at the same time, one has it', async () => {
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => make({ Image: 'busybox' }, '?name=wanted')),
      );
      const statuses = answers.map(({ status }) => status).sort();
      assert.deepEqual(statuses, [201, ...Array.from({ length: 9 }, () => 409)]);
      await remove(engine, 'wanted');
    });

    test('words may come as one string', async () => {
      const answer = expectStatus(await make({ Image: 'busybox', Entrypoint: 'echo', Cmd: 'hello' }), 201);
      const { Id } = answer.json() as { Id: string };
      const { Config } = (await request('GET', `/containers/${Id}/json`)).json() as {
        Config: { Entrypoint: string[]; Cmd: string[] };
      };
      assert.deepEqual([Config.Entrypoint, Config.Cmd], [['echo'], ['hello']]);
      await remove(engine, Id);
    });
  });

  suite('names and IDs', () => {
    test('a container answers to its ID, the beginning of it, and its name with and without a slash', async () => {
      proves('GET /containers/{id}/json');
      const id = await create(engine, { name: 'named.one-two_3' });
      for (const reference of [id, id.slice(0, 12), id.slice(0, 4), 'named.one-two_3', '/named.one-two_3']) {
        const answer = expectStatus(
          await request('GET', `/containers/${encodeURIComponent(reference)}/json`),
          200,
        );
        assert.deepEqual([answer.json().Id, answer.json().Name], [id, '/named.one-two_3']);
      }
      await remove(engine, id);
    });

    test('the beginning of two IDs is refused', async () => {
      const ids: string[] = [];
      // The seventeenth ID at the latest begins as another one does.
      const first = (): string | undefined =>
        ids.map((id) => id[0]!).find((digit, index, all) => all.indexOf(digit) !== index);
      while (first() === undefined) ids.push(await create(engine));
      refused(
        await request('GET', `/containers/${first()}/json`),
        400,
        /multiple IDs found with provided prefix/,
      );
      await Promise.all(ids.map((id) => remove(engine, id)));
    });
  });

  suite('start', () => {
    test('a body is refused, an empty one is not', async () => {
      const id = await create(engine);
      refused(await post(`/containers/${id}/start`, { Binds: ['/:/host'] }), 400, /non-empty request body/);
      bare(await request('POST', `/containers/${id}/start`, { headers: { 'Content-Length': 0 } }), 204);
      await remove(engine, id);
    });

    const failures: ReadonlyArray<readonly [string[], number, number, RegExp]> = [
      [['nosuch'], 400, 127, /executable file not found in \$PATH/],
      [['/no/such'], 400, 127, /no such file or directory/],
      [['/etc/passwd'], 400, 126, /permission denied/],
    ];
    for (const [cmd, status, code, words] of failures) {
      test(`${cmd[0]} is ${code}, and the container stays created`, async () => {
        const id = await create(engine, { cmd });
        refused(await post(`/containers/${id}/start`), status, words);
        const { State } = await inspect(engine, id);
        assert.deepEqual([State.Status, State.ExitCode, State.Pid], ['created', code, 0]);
        assert.match(State.Error, words);
        await remove(engine, id);
      });
    }

    test('a container that is to be removed goes when it cannot start', async () => {
      const id = await create(engine, { cmd: ['nosuch'], host: { AutoRemove: true } });
      refused(await post(`/containers/${id}/start`), 400, /executable file not found/);
      await eventually(
        'it is gone',
        async () => (await request('GET', `/containers/${id}/json`)).status === 404,
      );
    });

    test('a limit that the kernel refuses fails the start, and leaves nothing of it', async () => {
      const id = await create(engine, {
        host: { CpuPeriod: 100_000, CpuQuota: 1000, CpuRealtimeRuntime: 99_000_000 },
      });
      refused(await post(`/containers/${id}/start`), 500, /./);
      await remove(engine, id);
      assert.deepEqual(await engine.leftovers(), []);
    });

    test('of ten starts at the same time one does it', async () => {
      proves('POST /containers/{id}/start');
      const id = await create(engine);
      const answers = await Promise.all(Array.from({ length: 10 }, () => post(`/containers/${id}/start`)));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [
        204,
        ...Array.from({ length: 9 }, () => 304),
      ]);
      await remove(engine, id);
    });
  });

  suite('kill and stop', () => {
    test('a signal by name, short name and number; one that is none', async () => {
      proves('POST /containers/{id}/kill');
      const script =
        'for s in HUP USR1 USR2; do trap "echo $s" $s; done; echo ready; while :; do sleep 0.02; done';
      const id = await start(engine, { cmd: ['sh', '-c', script] });
      const said = async (words: string) =>
        eventually(words, async () =>
          (await request('GET', `/containers/${id}/logs?stdout=1`)).text.includes(words),
        );
      await said('ready');
      for (const [signal, words] of [
        ['SIGHUP', 'HUP'],
        ['usr1', 'USR1'],
        ['12', 'USR2'],
      ] as const) {
        bare(await post(`/containers/${id}/kill?signal=${signal}`), 204);
        await said(words);
      }
      refused(await post(`/containers/${id}/kill?signal=NOSUCH`), 400, /invalid signal: NOSUCH/i);
      refused(await post(`/containers/${id}/kill?signal=0`), 400, /invalid signal: 0/i);
      await remove(engine, id);
    });

    test('KILL has been done when it is answered', async () => {
      const id = await start(engine);
      bare(await post(`/containers/${id}/kill`), 204);
      const { State } = await inspect(engine, id);
      assert.deepEqual([State.Status, State.Running, State.ExitCode, State.Pid], ['exited', false, 137, 0]);
      await remove(engine, id);
    });

    test('a stop goes on when who asked for it hangs up', async () => {
      const id = await start(engine, {
        cmd: ['sh', '-c', 'trap "sleep 0.3; exit 9" TERM; echo ready; while :; do sleep 0.02; done'],
      });
      await eventually('the trap is set', async () =>
        (await request('GET', `/containers/${id}/logs?stdout=1`)).text.includes('ready'),
      );
      const socket = connect(engine.socket);
      socket.write(`POST /containers/${id}/stop?t=20 HTTP/1.1\r\nHost: engine\r\nContent-Length: 0\r\n\r\n`);
      await eventually('the signal is on its way', async () => (await kills(engine, id)) > 0);
      socket.destroy();
      await eventually('it has stopped', async () => (await inspect(engine, id)).State.Status === 'exited');
      await remove(engine, id);
    });

    test('the signal of a stop can be chosen', async () => {
      proves('POST /containers/{id}/stop');
      const script = 'trap "exit 7" USR1; echo ready; while :; do sleep 0.02; done';
      const id = await start(engine, { cmd: ['sh', '-c', script] });
      await eventually('the trap is set', async () =>
        (await request('GET', `/containers/${id}/logs?stdout=1`)).text.includes('ready'),
      );
      bare(await post(`/containers/${id}/stop?signal=USR1`), 204);
      assert.equal((await inspect(engine, id)).State.ExitCode, 7);
      await remove(engine, id);
    });
  });

  suite('wait', () => {
    test('the headers come at once, the body at the end', async () => {
      const id = await start(engine);
      const answer = await raw(engine.socket, { path: `/v1.55/containers/${id}/wait` });
      assert.match(answer.statusLine, /^HTTP\/1\.1 200 /);
      assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
      assert.equal(answer.received().length, 0);
      await post(`/containers/${id}/kill`);
      await eventually('the body', () => answer.received().includes('{"StatusCode":137}'));
      answer.socket.destroy();
      await remove(engine, id);
    });

    test('not-running is true of a container that was never started; next-exit waits for one', async () => {
      const id = await create(engine, { cmd: ['sh', '-c', 'exit 5'] });
      assert.deepEqual((await post(`/containers/${id}/wait`)).json(), { StatusCode: 0 });
      const next = await raw(engine.socket, { path: `/containers/${id}/wait?condition=next-exit` });
      await post(`/containers/${id}/start`);
      await eventually('the body', () => next.received().includes('{"StatusCode":5}'));
      next.socket.destroy();
      await eventually('it has ended', async () => (await inspect(engine, id)).State.Status === 'exited');
      assert.deepEqual((await post(`/containers/${id}/wait?condition=not-running`)).json(), {
        StatusCode: 5,
      });
      await remove(engine, id);
    });

    test('removed waits for the removal, and has the exit code', async () => {
      const id = await create(engine, { cmd: ['sh', '-c', 'exit 6'], host: { AutoRemove: true } });
      const answer = await raw(engine.socket, { path: `/containers/${id}/wait?condition=removed` });
      await post(`/containers/${id}/start`);
      await eventually('the body', () => answer.received().includes('{"StatusCode":6}'));
      assert.equal((await request('GET', `/containers/${id}/json`)).status, 404);
      answer.socket.destroy();
    });

    test('a condition that there is not, and a container that there is not', async () => {
      proves('POST /containers/{id}/wait');
      const id = await create(engine);
      refused(await post(`/containers/${id}/wait?condition=nosuch`), 400, /invalid condition: "nosuch"/);
      refused(await post('/containers/nosuch/wait'), 404, /No such container: nosuch/);
      await remove(engine, id);
    });
  });

  suite('list and inspect', () => {
    test('lists are never null where clients walk them', async () => {
      assert.equal((await request('GET', '/containers/json')).text, '[]\n');
      const id = await create(engine);
      const [item] = (await request('GET', '/containers/json?all=1')).json() as [Record<string, unknown>];
      assert.deepEqual([item['Ports'], item['Mounts'], item['Labels']], [[], [], {}]);
      const whole = (await request('GET', `/containers/${id}/json`)).json() as Record<
        string,
        Record<string, unknown>
      >;
      assert.deepEqual([whole['Args'], whole['Mounts']], [['600'], []]);
      assert.deepEqual(whole['Config']!['Labels'], {});
      assert.ok(Array.isArray(whole['Config']!['Env']));
      await remove(engine, id);
    });

    test('the numbers of an item', async () => {
      proves('GET /containers/json');
      const id = await start(engine, { name: 'item' });
      const [item] = (await request('GET', '/containers/json')).json() as [Record<string, unknown>];
      assert.deepEqual([item['Id'], item['Names'], item['State']], [id, ['/item'], 'running']);
      assert.ok(Math.abs(Number(item['Created']) - Date.now() / 1000) < 60);
      assert.match(String(item['Status']), /^Up /);
      assert.match(String(item['ImageID']), /^sha256:/);
      const sized = (await request('GET', '/containers/json?size=1')).json() as [Record<string, number>];
      assert.ok(sized[0]['SizeRootFs']! > 0);
      await remove(engine, id);
    });

    test('both forms of filters, and those that are none', async () => {
      const id = await create(engine, { config: { Labels: { a: '1' } } });
      const list = (filters: string) =>
        request('GET', `/containers/json?all=1&filters=${encodeURIComponent(filters)}`);
      for (const filters of ['{"label":["a=1"]}', '{"label":{"a=1":true}}', '{"label":["a"]}'])
        assert.equal(((await list(filters)).json() as unknown[]).length, 1, filters);
      assert.deepEqual((await list('{"label":["a=2"]}')).json(), []);
      refused(await list('{"nosuch":["1"]}'), 400, /invalid filter 'nosuch'/);
      refused(await list('no json'), 400, /./);
      refused(await list('{"status":["nosuch"]}'), 400, /invalid filter 'status=nosuch'/);
      await remove(engine, id);
    });

    test('zero times before the first start, real ones after', async () => {
      const id = await create(engine, { cmd: ['true'] });
      const zero = '0001-01-01T00:00:00Z';
      const { State: before } = await inspect(engine, id);
      assert.deepEqual([before.StartedAt, before.FinishedAt], [zero, zero]);
      await post(`/containers/${id}/start`);
      await post(`/containers/${id}/wait`);
      const { State: after } = await inspect(engine, id);
      const times = [after.StartedAt, after.FinishedAt].map((time) => Date.parse(time));
      assert.ok(times[0]! <= times[1]! && times[1]! <= Date.now());
      await remove(engine, id);
    });

    test('the old addresses beside the networks until 1.52', async () => {
      const id = await start(engine, { host: { NetworkMode: 'bridge' } });
      const settings = async (prefix: string) =>
        (await request('GET', `${prefix}/containers/${id}/json`)).json().NetworkSettings as Record<
          string,
          unknown
        >;
      const old = await settings('/v1.51');
      assert.match(String(old['IPAddress']), /^\d+\./);
      const fresh = await settings('/v1.52');
      assert.equal('IPAddress' in fresh, false);
      const networks = fresh['Networks'] as Record<string, Record<string, unknown>>;
      assert.equal(networks['bridge']!['IPAddress'], old['IPAddress']);
      assert.deepEqual(fresh['Ports'], {});
      await remove(engine, id);
    });
  });

  suite('resize', () => {
    test('of what does not run, and without numbers', async () => {
      proves('POST /containers/{id}/resize');
      const id = await create(engine, { config: { Tty: true } });
      refused(await post(`/containers/${id}/resize?h=10&w=10`), 409, /is not running/);
      await post(`/containers/${id}/start`);
      bare(await post(`/containers/${id}/resize?h=10&w=10`), 200);
      refused(await post(`/containers/${id}/resize?h=x&w=10`), 400, /./);
      refused(await post(`/containers/nosuch/resize?h=1&w=1`), 404, /No such container/);
      await remove(engine, id);
    });
  });

  test('a path that there is not is 404, whatever the method', async () => {
    for (const [method, path] of [
      ['GET', '/containers/x/nosuch'],
      ['PATCH', '/containers/json'],
      ['PUT', '/containers/create'],
    ]) {
      refused(await request(method!, path!), 404, /^page not found$/);
    }
  });
});

/** How many signals have been sent to a container. */
async function kills(engine: TestEngine, id: string): Promise<number> {
  const filters = encodeURIComponent(JSON.stringify({ container: [id], event: ['kill'] }));
  const answer = await engine.request('GET', `/events?since=0&until=${Date.now() / 1000}&filters=${filters}`);
  return answer.text.split('\n').filter(Boolean).length;
}
