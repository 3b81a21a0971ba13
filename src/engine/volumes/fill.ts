import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { copyAttributes } from '../../layers/index.ts';
import { isMountPoint, syncFileSystem } from '../../linux/index.ts';
import { UNFINISHED } from './local.ts';
import type { Volume } from './volume.ts';

/** Whether a volume has no files. Its file system must be mounted. */
function isEmpty({ files }: Volume): boolean {
  return readdirSync(files.data).every((name) => name === UNFINISHED);
}

/**
 * Gives an empty volume content: all of it or, when `write` fails or the engine or the machine dies, nothing. `write` is
 * handed an empty folder, which becomes the volume's, owner and mode included. Gives false when the volume is not empty, or is
 * so no more when `write` has ended. Must hold the volume's lock. Throws what `write` throws.
 */
export async function fillVolume(volume: Volume, write: (folder: string) => Promise<void>): Promise<boolean> {
  const { files, holders } = volume;
  if (!isEmpty(volume)) return false;
  const mounted = isMountPoint(files.data);
  const next = mounted ? join(files.data, UNFINISHED) : files.next;
  try {
    rmSync(next, { recursive: true, force: true });
    mkdirSync(next, { mode: 0o755 });
    await write(next);
    if (readdirSync(next).length > 0) await syncFileSystem(next);
    if (!isEmpty(volume)) return false;
    // A folder on which something is mounted, or that running containers have, cannot be replaced by another.
    const inPlace = mounted || [...holders].some((holder) => typeof holder === 'string');
    if (inPlace) moveInto(next, files.data);
    else renameSync(next, files.data);
    return true;
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
