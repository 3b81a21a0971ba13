import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../src/api/index.ts';
import { needs, PATIENCE, startEngine } from '../harness/index.ts';
import { Chaos } from './chaos/chaos.ts';
import { seeded } from './random.ts';

const SECONDS = Number(process.env['BERTH_CHAOS_SECONDS'] ?? 20);
const SEED = Number(process.env['BERTH_CHAOS_SEED'] ?? Date.now() % 1_000_000);
/** Between two looks at everything, in which no client is at work. */
const DEATHS_PER_ROUND = 3;

suite('chaos', needs('root', 'docker'), () => {
  test(`for ${SECONDS} seconds from eight clients while the engine dies (BERTH_CHAOS_SEED=${SEED})`, {
    timeout: 150_000 + PATIENCE + SECONDS * 2_000,
  }, async (t) => {
    await using engine = await startEngine();
    const chaos = new Chaos(engine, SEED);
    const random = seeded(SEED);
    const end = Date.now() + SECONDS * 1000;
    let round = 0;
    try {
      while (Date.now() < end) {
        round++;
        await chaos.during(async () => {
          for (let death = 0; death < DEATHS_PER_ROUND; death++) {
            await sleep(500 + random(3_500));
            await chaos.replaceEngine();
          }
          await sleep(random(1_000));
        });
        await chaos.check();
      }
    } catch (error) {
      t.diagnostic(`round ${round} of seed ${SEED}: ${messageOf(error)}\n${chaos.history}`);
      throw error;
    }
    t.diagnostic(`seed ${SEED}, ${round} rounds: ${chaos.summary}`);
    await chaos.end();
  });
});
