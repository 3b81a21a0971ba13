import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../api/index.ts';
import { removeFiles } from './remove.ts';
import type { VolumeParts } from './service.ts';
import type { VolumeStore } from './store.ts';

/**
 * Brings volumes and folders together when the engine starts: what was half made, half filled or half removed goes away,
 * and every other record gets its folder. Folders that no record names are left alone: they may hold what somebody misses.
 */
export async function recoverVolumes(store: VolumeStore, parts: VolumeParts): Promise<void> {
  const root = join(parts.dataRoot, 'volumes');
  mkdirSync(root, { recursive: true, mode: 0o701 });
  for (const volume of store.all()) {
    try {
      if (volume.phase !== 'ready') {
        await removeFiles(volume, parts);
        store.delete(volume);
      } else {
        await rm(volume.files.next, { recursive: true, force: true });
        if (!existsSync(volume.files.data)) mkdirSync(volume.files.data, { recursive: true, mode: 0o755 });
      }
    } catch (error) {
      parts.log.error('cannot put a volume in order', { volume: volume.name, error: messageOf(error) });
    }
  }
  const unknown = readdirSync(root).filter((name) => store.find(name) === undefined);
  if (unknown.length > 0) {
    parts.log.warn(
      'folders that belong to no volume are left alone: create a volume of the same name to take one up',
      {
        folders: unknown.map((name) => join(root, name)).join(),
      },
    );
  }
}
