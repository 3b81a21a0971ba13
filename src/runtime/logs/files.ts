import { readdirSync } from 'node:fs';
import { constants, type FileHandle, open, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { decompressed } from './compress.ts';

/**
 * One container's log is the file that conmon writes, and beside it those that rotation has put aside: `container.log`,
 * `container.log.7`, `container.log.6.gz`. Numbers only grow, so a file keeps its number, and a reader its place, whatever
 * comes and goes around it. The file that is written now has the number that it will be given: one more than the last.
 */
export interface OpenLog {
  readonly number: number;
  readonly file: FileHandle;
  readonly inode: bigint;
}

/** The numbers of the files that rotation has put aside, oldest first. */
export function rotatedNumbers(path: string): number[] {
  const prefix = `${basename(path)}.`;
  const numbers = new Set<number>();
  for (const name of readdirSync(dirname(path))) {
    const match = name.startsWith(prefix) ? /^(\d+)(?:\.gz)?$/.exec(name.slice(prefix.length)) : null;
    if (match) numbers.add(Number(match[1]));
  }
  return [...numbers].sort((a, b) => a - b);
}

/** The file that was put aside under a number, while it is not compressed. */
export function rotatedPath(path: string, number: number): string {
  return `${path}.${number}`;
}

/** The number of the file that is written now. */
export function currentNumber(path: string): number {
  return (rotatedNumbers(path).at(-1) ?? 0) + 1;
}

/**
 * Opens the oldest file whose number is at least `number`. Undefined when there is none: the log has not begun, or its
 * newest file has just been put aside. `since` passes over files of which the last line is older, in ms since 1970.
 */
export async function openLog(path: string, number: number, since = 0): Promise<OpenLog | undefined> {
  for (let wanted = number; ; ) {
    const rotated = rotatedNumbers(path).find((it) => it >= wanted);
    if (rotated !== undefined) {
      const log = await openRotated(path, rotated, since);
      if (log !== undefined) return log;
      wanted = rotated + 1;
      continue;
    }
    const log = await openCurrent(path, wanted);
    if (log === undefined) return undefined;
    // Put aside while it was being opened: what was opened may be the one after the next.
    if (rotatedNumbers(path).every((it) => it < wanted)) return log;
    await log.file.close();
  }
}

/** Whether a file will grow no more: a newer one has been put aside, or conmon writes another by now. */
export async function isComplete(path: string, log: OpenLog): Promise<boolean> {
  if ((rotatedNumbers(path).at(-1) ?? 0) > log.number) return true;
  const written = await stat(path, { bigint: true }).catch(() => undefined);
  return written !== undefined && written.ino !== log.inode;
}

async function openCurrent(path: string, wanted: number): Promise<OpenLog | undefined> {
  const file = await openIfThere(path);
  return file && { number: Math.max(wanted, currentNumber(path)), file, inode: await inodeOf(file) };
}

async function openRotated(path: string, number: number, since: number): Promise<OpenLog | undefined> {
  const plain = rotatedPath(path, number);
  for (const name of [plain, `${plain}.gz`]) {
    const file = await openIfThere(name);
    if (file === undefined) continue;
    if ((await file.stat()).mtimeMs < since) {
      await file.close();
      return undefined;
    }
    const inode = await inodeOf(file);
    return { number, file: name === plain ? file : await decompressed(file, dirname(path)), inode };
  }
  return undefined;
}

async function inodeOf(file: FileHandle): Promise<bigint> {
  return (await file.stat({ bigint: true })).ino;
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** What conmon makes when it is asked to begin a new file, before it renames it. */
export function freshPath(path: string): string {
  return join(dirname(path), `${basename(path)}.tmp`);
}
