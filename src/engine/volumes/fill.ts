import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Conflict } from '../../api/index.ts';
import { copyAttributes } from '../../layers/index.ts';
import { isMountPoint, syncFileSystem } from '../../linux/index.ts';
import { UNFINISHED } from './local.ts';
import type { Volume } from './volume.ts';

/** Whether a volume has no files. Its file system must be mounted. */
export function isEmpty({ files }: Volume): boolean {
  return readdirSync(files.data).length === 0;
}

/**
 * Gives an empty volume content: all of it or, when `write` fails or the engine or the machine dies, nothing. `write` is
 * handed an empty folder, which becomes the volume's, owner and mode included. Must hold the volume's lock. Throws Conflict
 * when it is not empty, and what `write` throws.
 */
export async function fillVolume(volume: Volume, write: (folder: string) => Promise<void>): Promise<void> {
  const { name, files } = volume;
  if (!isEmpty(volume))
    throw new Conflict(`volume ${name} is not empty: only a new or an empty one can be filled`);
  // A folder on which something is mounted, or that running containers have, cannot be replaced by another.
  const mounted = isMountPoint(files.data);
  const inPlace = mounted || [...volume.holders].some((holder) => typeof holder === 'string');
  const next = mounted ? join(files.data, UNFINISHED) : files.next;
  try {
    rmSync(next, { recursive: true, force: true });
    mkdirSync(next, { mode: 0o755 });
    await write(next);
    if (readdirSync(next).length > 0) await syncFileSystem(next);
    if (inPlace) moveInto(next, files.data);
    else renameSync(next, files.data);
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
}

function moveInto(from: string, to: string): void {
  for (const child of readdirSync(from, { encoding: 'buffer' })) {
    renameSync(
      Buffer.concat([Buffer.from(`${from}/`), child]),
      Buffer.concat([Buffer.from(`${to}/`), child]),
    );
  }
  copyAttributes(from, to);
}
