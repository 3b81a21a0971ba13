import { join } from 'node:path';
import { writeBigImage } from './big-image.ts';
import type { Engine } from './engines.ts';
import { succeed, time } from './measure.ts';

/** Writes the archive of 350 MB in eight layers, and gives what loads it into an engine that does not have it. */
export async function prepareLoad(folder: string): Promise<(engine: Engine) => Promise<number>> {
  const archive = join(folder, 'big.tar');
  await writeBigImage(archive);
  return async ({ environment }) => {
    const taken = await time(() => succeed('docker', ['load', '--quiet', '--input', archive], environment));
    await succeed('docker', ['rmi', 'big:1'], environment);
    return taken;
  };
}
