import { existsSync, renameSync, rmdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isMountPoint } from '../../linux/index.ts';
import { unmountVolume } from './local.ts';
import { isMounted } from './record.ts';
import type { VolumeParts } from './service.ts';
import type { Volume } from './volume.ts';

/**
 * Deletes a volume's files; none is no error. Of what its options mount nothing is deleted: a folder of the host, for
 * instance, is the host's. Throws the errors of `fs`.
 */
export async function removeFiles(
  volume: Volume,
  { dataRoot }: Pick<VolumeParts, 'dataRoot'>,
): Promise<void> {
  const { folder, data } = volume.files;
  if (!existsSync(folder)) return;
  if (isMounted(volume.record)) {
    unmountVolume(volume);
    // Fails rather than delete anything that is still mounted there.
    if (existsSync(data)) rmdirSync(data);
  }
  if (isMountPoint(data))
    throw new Error(`something is mounted at ${data}: unmount it and remove the volume again`);
  // Out of the way, so that it is gone at once however long deleting takes.
  const doomed = join(dataRoot, 'tmp', `volume-${volume.name}`);
  await rm(doomed, { recursive: true, force: true });
  renameSync(folder, doomed);
  await rm(doomed, { recursive: true, force: true });
}
