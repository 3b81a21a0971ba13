import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Bytes of the regular files below a folder, as `du --apparent-size` counts them: each file once, however many names it
 * has. What vanishes meanwhile does not count.
 */
export async function folderSize(folder: string, seen = new Set<number>()): Promise<number> {
  let total = 0;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      total += await folderSize(path, seen);
    } else if (entry.isFile()) {
      const stat = await lstat(path).catch(() => undefined);
      if (stat === undefined || (stat.nlink > 1 && seen.has(stat.ino))) continue;
      seen.add(stat.ino);
      total += stat.size;
    }
  }
  return total;
}
