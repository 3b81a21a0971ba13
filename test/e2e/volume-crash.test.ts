import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readMounts } from '../../src/linux/index.ts';
import { needs, startEngine, type TestEngine } from '../harness/index.ts';
import { create, eventually, expectStatus } from './support.ts';

const ROUNDS = Number(process.env['BERTH_CRASH_ROUNDS'] ?? 12);
const SEED = Number(process.env['BERTH_CRASH_SEED'] ?? Date.now() % 1_000_000);
const WORKERS = 4;
const IN_MEMORY = ['mem0', 'mem1'];
const PLAIN = ['plain0', 'plain1'];

interface Listed {
  readonly Id: string;
  readonly State: string;
  readonly Mounts: ReadonlyArray<{ readonly Type: string; readonly Name?: string }>;
}

suite('kill -9 of an engine that is busy with volumes', needs('root'), () => {
  test(`${ROUNDS} times: mounted is what running containers have, and no volume is lost or left (BERTH_CRASH_SEED=${SEED})`, {
    timeout: 60_000 + ROUNDS * 8_000,
  }, async () => {
    await using engine = await startEngine();
    for (const name of IN_MEMORY) {
      const body = { Name: name, DriverOpts: { type: 'tmpfs', device: 'tmpfs' } };
      expectStatus(await engine.request('POST', '/volumes/create', { body }), 201);
    }
    const random = randomFrom(SEED);
    for (let round = 1; round <= ROUNDS; round++) {
      let over = false;
      const workers = Array.from({ length: WORKERS }, async () => {
        while (!over) await act(engine, random).catch(() => sleep(5));
      });
      await sleep(random(500));
      await engine.kill9();
      over = true;
      await Promise.all(workers);
      await sleep(random(100));
      await engine.start();
      await check(engine, round);
    }
    for (const { Id } of await list(engine)) await engine.request('DELETE', `/containers/${Id}?force=1&v=1`);
    await check(engine, ROUNDS + 1);
    // Of a creation that got no answer nobody knows; of all others the volumes are there.
    const names = await volumeNames(engine);
    assert.deepEqual(
      [...kept].filter((name) => !names.includes(name)),
      [],
    );
    assert.deepEqual(
      names.filter((name) => ![...IN_MEMORY, ...PLAIN].includes(name)),
      [],
    );
    assert.deepEqual(await engine.leftovers(), []);
  });
});

/** Volumes with a name that were made: these never go. */
const kept = new Set(IN_MEMORY);

async function act(engine: TestEngine, random: (below: number) => number): Promise<void> {
  const all = await list(engine);
  const one = all[random(Math.max(1, all.length))];
  const choice = random(6);
  if (one === undefined || (choice < 2 && all.length < 10)) {
    const named = [...IN_MEMORY, ...PLAIN][random(4)]!;
    const id = await create(engine, {
      cmd: ['sleep', random(3) === 0 ? '0.1' : '600'],
      config: { Volumes: { '/nameless': {}, '/etc': {} } },
      host: { Binds: [`${named}:/data`], AutoRemove: random(3) === 0 },
    });
    kept.add(named);
    await engine.request('POST', `/containers/${id}/start`);
  } else if (choice === 2) {
    await engine.request('POST', `/containers/${one.Id}/stop?t=0`);
  } else if (choice === 3) {
    await engine.request('POST', `/containers/${one.Id}/start`);
  } else {
    await engine.request('DELETE', `/containers/${one.Id}?force=1&v=1`);
  }
}

/** Containers that go by themselves may just be on their way out: what is wrong for good is wrong. */
async function check(engine: TestEngine, round: number): Promise<void> {
  let wrong: string[] = [];
  await eventually(`round ${round} is in order`, async () => {
    wrong = await faults(engine);
    return wrong.length === 0;
  }).catch((error: unknown) => assert.fail(`${error}: ${wrong.join('; ')}`));
}

async function faults(engine: TestEngine): Promise<string[]> {
  const root = join(engine.identity.dataRoot, 'volumes');
  const containers = await list(engine);
  const namesOf = (some: readonly Listed[]) =>
    new Set(some.flatMap(({ Mounts }) => Mounts.flatMap(({ Name }) => Name ?? [])));
  const used = namesOf(containers);
  const running = namesOf(containers.filter(({ State }) => State === 'running'));
  const names = await volumeNames(engine);
  const folders = readdirSync(root).sort();
  const targets = readMounts().map(({ target }) => target);
  const mounted = names.filter((name) => targets.includes(join(root, name, '_data')));
  const said: ReadonlyArray<readonly [what: string, found: readonly string[]]> = [
    ['had by containers and not there', [...used].filter((name) => !names.includes(name))],
    [
      'without a name and had by nobody',
      names.filter((name) => /^[0-9a-f]{64}$/.test(name) && !used.has(name)),
    ],
    ['without a folder', names.filter((name) => !folders.includes(name))],
    ['a folder of no volume', folders.filter((name) => !names.includes(name))],
    ['mounted for nobody', mounted.filter((name) => !running.has(name))],
    ['not mounted', IN_MEMORY.filter((name) => running.has(name) && !mounted.includes(name))],
    ['with more than its files', folders.filter((name) => contentOf(join(root, name)) !== '_data')],
  ];
  return said.filter(([, found]) => found.length > 0).map(([what, found]) => `${what}: ${found.join(', ')}`);
}

/** What is in a folder, which may go in the same moment. */
function contentOf(folder: string): string {
  try {
    return readdirSync(folder).join();
  } catch {
    return '';
  }
}

async function list(engine: TestEngine): Promise<Listed[]> {
  return expectStatus(await engine.request('GET', '/containers/json?all=1'), 200).json() as Listed[];
}

async function volumeNames(engine: TestEngine): Promise<string[]> {
  const { Volumes } = expectStatus(await engine.request('GET', '/volumes'), 200).json();
  return (Volumes as { Name: string }[]).map(({ Name }) => Name).sort();
}

/** An integer from 0 to `below`, exclusive: mulberry32. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) % below;
  };
}
