import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type Answer, needs, proves, startEngine, type TestEngine } from '../harness/index.ts';
import { type RawAnswer, raw } from './raw.ts';
import { create, eventually, expectStatus, remove, runToEnd } from './support.ts';

interface Event {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Record<string, string> };
  readonly scope: string;
  readonly time: number;
  readonly timeNano: number;
  readonly status?: string;
  readonly id?: string;
  readonly from?: string;
}

suite('the Engine API: events', needs('root'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());

  const events = (query: string, prefix = ''): Promise<Answer> =>
    engine.request('GET', `${prefix}/events?${query}`);
  const parse = (text: string): Event[] =>
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Event);
  const now = (): string => (Date.now() / 1000).toFixed(3);
  /** A moment that nothing of what has happened lies behind. */
  const soon = (): string => ((Date.now() + 2) / 1000).toFixed(3);

  /** Reads events as they come; the head comes at once. */
  const listen = (query = '', headers: Record<string, string> = {}): Promise<RawAnswer> =>
    raw(engine.socket, { method: 'GET', path: `/v1.55/events?${query}`, headers });

  test('the head comes at once, and each event as it happens', async () => {
    const answer = await listen();
    assert.match(answer.statusLine, /^HTTP\/1\.1 200 /);
    const id = await create(engine);
    await eventually('the event', () => answer.received().includes('"create"'));
    await remove(engine, id);
    await eventually('the other event', () => answer.received().includes('"destroy"'));
    answer.socket.destroy();
  });

  test('the shape of an event, with the old fields before 1.52 and without them since', async () => {
    proves('GET /events');
    const since = now();
    const id = await create(engine, { name: 'shaped', config: { Labels: { k: 'v' } } });
    const read = async (prefix: string) => {
      const answer = expectStatus(await events(`since=${since}&until=${soon()}`, prefix), 200);
      return { type: answer.headers['content-type'], event: parse(answer.text)[0]! };
    };
    const old = await read('/v1.51');
    const fresh = await read('/v1.52');
    assert.deepEqual([old.type, fresh.type], ['application/json', 'application/jsonl']);
    const { time, timeNano, ...rest } = fresh.event;
    assert.deepEqual(rest, {
      Type: 'container',
      Action: 'create',
      Actor: { ID: id, Attributes: { image: 'busybox', k: 'v', name: 'shaped' } },
      scope: 'local',
    });
    assert.equal(Math.floor(timeNano / 1e9), time);
    const { status, id: oldId, from } = old.event;
    assert.deepEqual([status, oldId, from], ['create', id, 'busybox']);
    await remove(engine, id);
  });

  test('since 1.52 the client may choose how the lines are told apart', async () => {
    for (const type of ['application/jsonl', 'application/x-ndjson', 'application/json-seq']) {
      const answer = await listen(`until=${soon()}`, { Accept: type });
      assert.equal(answer.headers.get('content-type'), type);
      answer.socket.destroy();
    }
  });

  test('run to the end: every event in its order', async () => {
    const since = now();
    await runToEnd(engine, ['true'], { host: { NetworkMode: 'bridge' } });
    const found = parse((await events(`since=${since}&until=${soon()}`)).text);
    assert.deepEqual(
      found.map(({ Type, Action }) => `${Type} ${Action}`),
      [
        ...['container create', 'network connect', 'container start', 'network disconnect'],
        ...['container die', 'container destroy'],
      ],
    );
  });

  test('until in the past ends the stream; since after until is refused', async () => {
    assert.equal((await events(`until=${Math.floor(Date.now() / 1000) - 100}`)).text, '');
    const answer = await events('since=2000000000&until=1000000000');
    assert.equal(answer.status, 400);
  });

  test('filters: labels, names, and one that there is not', async () => {
    const since = now();
    const id = await create(engine, { name: 'filtered', config: { Labels: { mine: 'yes' } } });
    await create(engine, { name: 'another' });
    const filtered = async (filters: object) =>
      parse(
        (
          await events(
            `since=${since}&until=${soon()}&filters=${encodeURIComponent(JSON.stringify(filters))}`,
          )
        ).text,
      ).map((event) => event.Actor.Attributes['name']);
    assert.deepEqual(await filtered({ label: ['mine=yes'] }), ['filtered']);
    assert.deepEqual(await filtered({ container: ['another'] }), ['another']);
    assert.deepEqual(await filtered({ container: [id] }), ['filtered']);
    assert.deepEqual(await filtered({ container: [id.slice(0, 12)] }), ['filtered']);
    assert.deepEqual(await filtered({ event: ['start'] }), []);
    assert.deepEqual(await filtered({ type: ['image'] }), []);
    const answer = await events(`until=1&filters=${encodeURIComponent('not json')}`);
    assert.equal(answer.status, 400);
    await Promise.all([remove(engine, 'filtered'), remove(engine, 'another')]);
  });

  test('twenty who listen hear the same, and who hangs up is forgotten', async () => {
    const listeners = await Promise.all(Array.from({ length: 20 }, () => listen()));
    const id = await create(engine);
    for (const listener of listeners.slice(10)) listener.socket.destroy();
    await remove(engine, id);
    await eventually('all hear the end', () =>
      listeners.slice(0, 10).every((listener) => listener.received().includes('"destroy"')),
    );
    for (const listener of listeners) listener.socket.destroy();
    assert.equal((await engine.request('GET', '/_ping')).status, 200);
  });
});
