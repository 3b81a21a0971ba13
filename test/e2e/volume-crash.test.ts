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

async function check(engine: TestEngine, round: number): Promise<void> {
  const root = join(engine.identity.dataRoot, 'volumes');
  await eventually(`round ${round}: what is mounted is what running containers have`, async () => {
    const running = (await list(engine)).filter(({ State }) => State === 'running');
    const needed = new Set(running.flatMap(({ Mounts }) => Mounts.map(({ Name }) => Name ?? '')));
    const mounted = readMounts()
      .map(({ target }) => target)
      .filter((target) => target.startsWith(`${root}/`));
    const wanted = IN_MEMORY.filter((name) => needed.has(name)).map((name) => join(root, name, '_data'));
    return mounted.sort().join() === wanted.sort().join();
  });
  const containers = await list(engine);
  const used = new Set(containers.flatMap(({ Mounts }) => Mounts.map(({ Name }) => Name ?? '')));
  const names = await volumeNames(engine);
  const lost = [...used].filter((name) => !names.includes(name));
  assert.deepEqual(lost, [], `round ${round}: containers have volumes that are not there`);
  const left = names.filter((name) => /^[0-9a-f]{64}$/.test(name) && !used.has(name));
  assert.deepEqual(left, [], `round ${round}: volumes without a name are left that nobody has`);
  assert.deepEqual(
    readdirSync(root).sort(),
    names,
    `round ${round}: every volume has its folder, and no other is there`,
  );
  for (const name of names) assert.deepEqual(readdirSync(join(root, name)), ['_data']);
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
