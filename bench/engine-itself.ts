import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import { time } from './measure.ts';

/** The engine's own start, and what it takes at rest. */
export async function compareEngines(bench: Bench): Promise<void> {
  await bench.compare(
    {
      name: 'start',
      what: 'engine start to first answer',
      goal: { value: 300 },
      rounds: Math.min(bench.times, 5),
    },
    async (engine) => {
      await engine.stop();
      return time(() => engine.start());
    },
  );
  await bench.compare(
    {
      name: 'memory',
      what: 'engine at rest, resident memory',
      unit: 'MB',
      goal: { value: 110 },
      rounds: 1,
    },
    async (engine) => {
      await sleep(2_000);
      return engine.residentMemory();
    },
  );
}
