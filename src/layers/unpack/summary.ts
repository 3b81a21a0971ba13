import { lstatSync, readdirSync } from 'node:fs';

/** What is in a folder, in short: enough to tell that something of it was lost or cut off. */
export interface TreeSummary {
  /** Files of any kind, folders included. */
  readonly entries: number;
  /** Bytes of all regular files, under each of their names. */
  readonly bytes: number;
}

const SLASH = Buffer.from('/');

/** Walks through a folder. Blocks the thread: 5 microseconds for each file. */
export function summarise(folder: string): TreeSummary {
  let entries = 0;
  let bytes = 0;
  // Names are bytes: one that is no UTF-8 would not be found again.
  const folders = [Buffer.from(folder)];
  for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
    for (const entry of readdirSync(path, { withFileTypes: true, encoding: 'buffer' })) {
      entries++;
      if (!entry.isDirectory() && !entry.isFile()) continue;
      const below = Buffer.concat([path, SLASH, entry.name]);
      if (entry.isDirectory()) folders.push(below);
      else bytes += lstatSync(below).size;
    }
  }
  return { entries, bytes };
}
