import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EventMessage, Filters, formatEvent, nowNanos, Unavailable } from '../../../src/api/index.ts';
import { EventBus, type SubscribeOptions } from '../../../src/engine/events/index.ts';

/** Everything that a subscription which ends by itself gives. */
async function read(bus: EventBus, options: SubscribeOptions): Promise<EventMessage[]> {
  return Array.fromAsync(bus.subscribe(options));
}

async function remembered(bus: EventBus, filters: object): Promise<string[]> {
  const events = await read(bus, { until: nowNanos(), filters: Filters.parse(JSON.stringify(filters)) });
  return events.map(({ Action }) => Action);
}

suite('the event bus', () => {
  test('a reader gets what happens after it subscribed, though it reads later', async () => {
    const bus = new EventBus();
    bus.publish('container', 'create', 'before');
    const subscription = bus.subscribe();
    bus.publish('container', 'start', 'c1', { name: 'x', image: 'busybox' });
    bus.publish('container', 'die', 'c1', { exitCode: '0' });
    bus.close();
    const events = await Array.fromAsync(subscription);
    assert.deepEqual(
      events.map(({ Action }) => Action),
      ['start', 'die'],
    );
    assert.deepEqual(events[0]!.Actor, { ID: 'c1', Attributes: { name: 'x', image: 'busybox' } });
    assert.equal(bus.readers, 0);
  });

  test('every reader gets every event', async () => {
    const bus = new EventBus();
    const readers = [bus.subscribe(), bus.subscribe()];
    bus.publish('image', 'tag', 'i');
    bus.close();
    for (const reader of readers) assert.equal((await Array.fromAsync(reader)).length, 1);
  });

  test('since and until choose among the last 256 events', async () => {
    const bus = new EventBus();
    for (let number = 0; number < 300; number++) bus.publish('container', `a${number}`, 'c');
    const all = await read(bus, { until: nowNanos() });
    assert.equal(all.length, 256);
    assert.equal(all[0]!.Action, 'a44');
    const some = await read(bus, { since: all[10]!.timeNano, until: all[12]!.timeNano });
    assert.deepEqual(
      some.map(({ Action }) => Action),
      ['a54', 'a55', 'a56'],
    );
  });

  test('until in the future ends the stream then', async () => {
    const bus = new EventBus();
    const events = read(bus, { until: nowNanos() + 60_000_000n });
    bus.publish('container', 'start', 'c');
    await sleep(5);
    assert.equal((await events).length, 1);
    assert.equal(bus.readers, 0);
  });

  test('a signal ends the stream, also one that was aborted before', async () => {
    const bus = new EventBus();
    const abort = new AbortController();
    const events = read(bus, { signal: abort.signal });
    abort.abort();
    assert.deepEqual(await events, []);
    assert.deepEqual(await read(bus, { signal: AbortSignal.abort() }), []);
  });

  test('leaving the loop unsubscribes', async () => {
    const bus = new EventBus();
    bus.publish('container', 'start', 'c');
    for await (const _ of bus.subscribe({ since: 0n })) break;
    assert.equal(bus.readers, 0);
  });

  test('a reader that does not keep up is cut off with an error', async () => {
    const bus = new EventBus();
    const slow = bus.subscribe();
    for (let number = 0; number < 20_000; number++) bus.publish('container', 'start', 'c');
    assert.equal(bus.readers, 0);
    await assert.rejects(Array.fromAsync(slow), Unavailable);
  });

  test('filters choose by type, action, object, image and labels', async () => {
    const bus = new EventBus();
    bus.publish('container', 'create', 'abc123', { name: 'web', image: 'busybox:1.36', tier: 'front' });
    bus.publish('container', 'exec_create: ls', 'abc123', { name: 'web', image: 'busybox:1.36' });
    bus.publish('image', 'tag', 'sha256:ff', { name: 'busybox:1.36' });
    bus.publish('network', 'connect', 'n1', { name: 'bridge', container: 'abc123' });
    bus.publish('daemon', 'reload', 'd1', { name: 'host' });

    assert.deepEqual(await remembered(bus, { type: ['image', 'daemon'] }), ['tag', 'reload']);
    assert.deepEqual(await remembered(bus, { event: ['exec_create', 'connect'] }), [
      'exec_create: ls',
      'connect',
    ]);
    assert.deepEqual(await remembered(bus, { container: ['web'] }), ['create', 'exec_create: ls']);
    assert.deepEqual(await remembered(bus, { container: ['abc'] }), ['create', 'exec_create: ls']);
    assert.deepEqual(await remembered(bus, { image: ['busybox'] }), ['create', 'exec_create: ls', 'tag']);
    assert.deepEqual(await remembered(bus, { image: ['busybox:1.36'], type: ['image'] }), ['tag']);
    assert.deepEqual(await remembered(bus, { label: ['tier=front'] }), ['create']);
    assert.deepEqual(await remembered(bus, { scope: ['swarm'] }), []);
    assert.deepEqual(await remembered(bus, { network: ['bridge'], event: ['connect'] }), ['connect']);
  });
});

suite('events as JSON', () => {
  const actor = { ID: 'c1', Attributes: { image: 'busybox' } };
  const event: EventMessage = {
    ...{ Type: 'container', Action: 'start', Actor: actor, scope: 'local', time: 1 },
    timeNano: 1_700_000_000_000_000_001n,
  };

  test('nanoseconds are whole', () => {
    assert.match(formatEvent(event, false), /"timeNano":1700000000000000001\}$/);
    assert.ok(!formatEvent(event, false).includes('"status"'));
  });

  test('old clients get status, id and from', () => {
    const { status, id, from } = JSON.parse(formatEvent(event, true)) as Record<string, unknown>;
    assert.deepEqual({ status, id, from }, { status: 'start', id: 'c1', from: 'busybox' });
    assert.ok(!formatEvent({ ...event, Type: 'network' }, true).includes('"status"'));
  });
});
