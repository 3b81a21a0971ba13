import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Conflict } from '../api/index.ts';
import { tryLock } from '../linux/index.ts';

/**
 * Makes this process the only engine on a folder until it is disposed of or the process ends in whatever way. Throws
 * Conflict that names the other engine's pid.
 */
export function lockFolder(folder: string, flag: string): Disposable {
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const path = join(folder, 'berth.lock');
  const fd = openSync(path, 'a', 0o600);
  if (!tryLock(fd)) {
    const pid = readFileSync(path, 'utf8').trim();
    closeSync(fd);
    throw new Conflict(
      `another engine (pid ${pid}) uses ${folder}: stop it, or give this one another folder with --${flag}`,
    );
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`);
  return { [Symbol.dispose]: () => closeSync(fd) };
}
