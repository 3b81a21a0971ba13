import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, suite, test } from 'node:test';
import { exitCode, needs, proves, startEngine, succeed, type TestEngine } from '../harness/index.ts';
import { eventually } from './support.ts';

interface Event {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Record<string, string> };
  readonly time: number;
  readonly timeNano: number;
}

suite('docker events', needs('root', 'docker'), () => {
  let engine: TestEngine;
  before(async () => {
    engine = await startEngine();
  });
  after(() => engine[Symbol.asyncDispose]());

  const docker = (...args: string[]): Promise<string> => succeed(engine.docker(...args));
  const now = (): string => (Date.now() / 1000).toFixed(3);
  /** A moment that nothing of what has happened lies behind. */
  const soon = (): string => ((Date.now() + 2) / 1000).toFixed(3);

  /** The events of what `body` does. */
  async function eventsOf(body: () => Promise<unknown>, ...flags: string[]): Promise<Event[]> {
    const since = now();
    await body();
    const lines = await docker(
      'events',
      '--since',
      since,
      '--until',
      soon(),
      '--format',
      '{{json .}}',
      ...flags,
    );
    return lines
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Event);
  }
  const actions = (events: Event[]): string[] => events.map(({ Type, Action }) => `${Type} ${Action}`);

  test('run --rm: the order that clients rely on', async () => {
    proves('events --since', 'events --until', 'events --format');
    const events = await eventsOf(() => docker('run', '--rm', '--name', 'ordered', 'busybox', 'true'));
    assert.deepEqual(actions(events), [
      'container create',
      'container attach',
      'network connect',
      'container start',
      'network disconnect',
      'container die',
      'container destroy',
    ]);
    for (let at = 1; at < events.length; at++) assert.ok(events[at - 1]!.timeNano <= events[at]!.timeNano);
  });

  test('stop, kill and restart', async () => {
    await docker('run', '-d', '--name', 'moved', '--network', 'none', 'busybox', 'sleep', '600');
    const container = ['--filter', 'type=container'];
    const stop = await eventsOf(() => docker('stop', '-t', '0', 'moved'), ...container);
    assert.deepEqual(
      actions(stop),
      ['kill', 'kill', 'die', 'stop'].map((it) => `container ${it}`),
    );
    await docker('start', 'moved');
    const kill = await eventsOf(() => docker('kill', 'moved'), ...container);
    assert.deepEqual(
      actions(kill),
      ['kill', 'die'].map((it) => `container ${it}`),
    );
    await docker('start', 'moved');
    const restart = await eventsOf(() => docker('restart', '-t', '0', 'moved'), ...container);
    assert.deepEqual(
      actions(restart),
      ['kill', 'kill', 'die', 'stop', 'start', 'restart'].map((it) => `container ${it}`),
    );
    const remove = await eventsOf(() => docker('rm', '-f', 'moved'), ...container);
    assert.deepEqual(
      actions(remove),
      ['kill', 'die', 'destroy'].map((it) => `container ${it}`),
    );
  });

  test('every verb has its own', async () => {
    const verbs: ReadonlyArray<readonly [verb: string, told: string[]]> = [
      ['create --name verbs --network none busybox sleep 600', ['create']],
      ['start verbs', ['start']],
      ['exec verbs true', ['exec_create: true', 'exec_start: true', 'exec_die']],
      ['pause verbs', ['pause']],
      ['unpause verbs', ['unpause']],
      ['top verbs', ['top']],
      ['cp verbs:/etc/passwd -', ['archive-path']],
      ['cp /etc/hostname verbs:/tmp/', ['extract-to-dir']],
      [`export -o ${engine.identity.root}/export.tar verbs`, ['export']],
      ['commit --pause=false verbs', ['commit']],
      ['update --cpu-shares 512 verbs', ['update']],
      ['rename verbs words', ['rename']],
      ['diff words', []],
      ['kill -s USR1 words', ['kill']],
      ['rm -f words', ['kill', 'die', 'destroy']],
      ['container prune -f', ['prune']],
    ];
    for (const [verb, told] of verbs) {
      const events = await eventsOf(() => docker(...verb.split(' ')), '--filter', 'type=container');
      assert.deepEqual(
        events.map(({ Action }) => Action),
        told,
        verb,
      );
    }
  });

  test('what they tell', async () => {
    const events = await eventsOf(async () => {
      await docker('run', '-d', '--name', 'told', '-l', 'k=v', 'busybox', 'sleep', '600');
      await docker('exec', 'told', 'true');
      await docker('kill', '-s', 'USR1', 'told');
      await docker('rm', '-f', 'told');
    });
    const attributes = (action: string): Record<string, string> | undefined =>
      events.find(({ Action }) => Action.startsWith(action))?.Actor.Attributes;
    for (const action of ['create', 'start', 'die', 'destroy']) {
      const { image, name, k } = attributes(action) ?? {};
      assert.deepEqual({ image, name, k }, { image: 'busybox', name: 'told', k: 'v' }, action);
    }
    assert.equal(attributes('kill')?.['signal'], '10');
    assert.equal(attributes('die')?.['exitCode'], '137');
    assert.match(attributes('die')?.['execDuration'] ?? '', /^\d+$/);
    assert.match(attributes('exec_create: true')?.['execID'] ?? '', /^[0-9a-f]{64}$/);
    assert.match(attributes('exec_start: true')?.['execID'] ?? '', /^[0-9a-f]{64}$/);
    assert.equal(attributes('exec_die')?.['exitCode'], '0');
    const connect = events.find(({ Type, Action }) => Type === 'network' && Action === 'connect')!;
    assert.equal(connect.Actor.Attributes['name'], 'bridge');
    assert.match(connect.Actor.Attributes['container'] ?? '', /^[0-9a-f]{64}$/);
  });

  test('filters', async () => {
    proves('events --filter');
    const body = async () => {
      await docker('run', '--rm', '--name', 'mine', '-l', 'who=me', '--network', 'none', 'busybox', 'true');
      await docker('run', '--rm', '--name', 'yours', '--network', 'none', 'busybox', 'true');
    };
    const found = async (...filters: string[]) => {
      const events = await eventsOf(body, ...filters.flatMap((filter) => ['--filter', filter]));
      return events.map((event) => `${event.Action} ${event.Actor.Attributes['name']}`);
    };
    assert.deepEqual(await found('event=die'), ['die mine', 'die yours']);
    assert.deepEqual(await found('event=die', 'container=mine'), ['die mine']);
    assert.deepEqual(await found('event=create', 'event=die', 'label=who=me'), ['create mine', 'die mine']);
    assert.deepEqual(await found('event=start', 'image=busybox'), ['start mine', 'start yours']);
    assert.deepEqual(await found('type=volume'), []);
  });

  test('they come as they happen, until nobody listens', async () => {
    proves('events');
    const child = engine.spawn('docker', 'events', '--format', '{{.Action}}', '--filter', 'type=container');
    const ended = exitCode(child);
    let text = '';
    child.stdout!.on('data', (bytes: Buffer) => {
      text += String(bytes);
    });
    // Whether it listens already shows only by what it hears.
    await eventually('the client listens', async () => {
      await docker('run', '--rm', '--network', 'none', 'busybox', 'true');
      return text !== '';
    });
    const before = text.length;
    await docker('create', '--name', 'heard', 'busybox');
    if (text.length === before) await once(child.stdout!, 'data');
    await docker('rm', 'heard');
    await eventually('the end is heard', () => text.endsWith('create\ndestroy\n'));
    child.kill('SIGTERM');
    await ended;
    await eventually(
      'the engine lets go',
      async () => (await engine.request('GET', '/_ping')).status === 200,
    );
  });

  test('--until in the future ends it by itself', async () => {
    const begin = Date.now();
    await docker('events', '--until', ((begin + 300) / 1000).toFixed(3));
    assert.ok(Date.now() - begin >= 300);
  });
});
