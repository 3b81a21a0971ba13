import { join } from 'node:path';
import { type Bench, client } from './bench.ts';
import { writeBigImage } from './big-image.ts';
import { time } from './measure.ts';

/** An archive of 350 MB in eight layers, loaded by an engine that does not have it. */
export async function compareLoad(bench: Bench): Promise<void> {
  if (!bench.wants('load')) return;
  const archive = join(bench.work, 'big.tar');
  await writeBigImage(archive);
  await bench.compare(
    {
      name: 'load',
      what: 'load of 350 MB in eight layers',
      goal: { ratio: 0.7 },
      rounds: Math.ceil(bench.times / 4),
    },
    async (engine) => {
      const taken = await time(() => client(engine, 'load', '--quiet', '--input', archive));
      await client(engine, 'rmi', 'big:1');
      return taken;
    },
  );
}
