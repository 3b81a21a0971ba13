import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needs, startEngine, type TestEngine } from '../harness/index.ts';
import { COUNT, checkLines } from './numbered.ts';
import { seeded } from './random.ts';
import { execScript, expectStatus, inspect, list, logs, start } from './support.ts';
import { Turmoil } from './turmoil.ts';

const ROUNDS = Number(process.env['BERTH_CRASH_ROUNDS'] ?? 25);
const SEED = Number(process.env['BERTH_CRASH_SEED'] ?? Date.now() % 1_000_000);

suite('kill -9 of the engine', needs('root'), () => {
  test(`${ROUNDS} times, in the middle of whatever it is doing (BERTH_CRASH_SEED=${SEED})`, {
    timeout: 60_000 + ROUNDS * 8_000,
  }, async (t) => {
    await using engine = await startEngine({ images: ['busybox', 'hello-world'] });
    const steady = [
      await start(engine, { cmd: COUNT, host: { NetworkMode: 'bridge' } }),
      await start(engine, { cmd: COUNT, config: { Tty: true } }),
    ];
    const pids = await pidsOf(engine, steady);
    const random = seeded(SEED);
    const turmoil = new Turmoil(engine, random);
    for (let round = 1; round <= ROUNDS; round++) {
      try {
        await turmoil.during(async () => {
          await sleep(random(400));
          await engine.kill9();
        });
        // Sometimes containers have a while to end by themselves, sometimes helpers are still at work.
        await sleep(random(150));
        await engine.start();

        assert.deepEqual(await pidsOf(engine, steady), pids, 'running containers go on as they were');
        await turmoil.check();
        assert.deepEqual(await engine.leftovers(await list(engine)), []);
      } catch (error) {
        t.diagnostic(`round ${round} of seed ${SEED}: ${turmoil.history}`);
        throw error;
      }
    }
    t.diagnostic(`seed ${SEED}: ${turmoil.summary}`);
    for (const id of steady) {
      assert.equal(await execScript(engine, id, 'echo still here'), 'still here');
      expectStatus(await engine.request('POST', `/containers/${id}/stop?t=0`), 204);
    }
    checkLines((await logs(engine, steady[0]!)).stdout);
    const tty = await engine.request('GET', `/containers/${steady[1]}/logs?stdout=1`);
    checkLines(tty.text.replaceAll('\r\n', '\n'));
    await turmoil.end();
    assert.deepEqual(await engine.leftovers(await list(engine)), []);
  });
});

async function pidsOf(engine: TestEngine, ids: readonly string[]): Promise<number[]> {
  return Promise.all(ids.map(async (id) => (await inspect(engine, id)).State.Pid));
}
