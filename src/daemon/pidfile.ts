import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Conflict } from '../api/index.ts';

/** Writes this process's pid; disposing removes the file. Throws Conflict while the engine that it names is running. */
export function writePidfile(path: string): Disposable {
  const other = Number.parseInt(read(path) ?? '', 10);
  if (other > 0 && other !== process.pid && isEngine(other)) {
    throw new Conflict(
      `process with PID ${other} is still running: ensure berthd is not running or delete ${path}`,
    );
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${process.pid}\n`);
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}

/** A pid in an old file may have gone to any other program since. */
function isEngine(pid: number): boolean {
  const commandLine = read(`/proc/${pid}/cmdline`)?.split('\0') ?? [];
  return commandLine.some((word) => /(^|\/)(berthd|daemon\/start\.mjs)$/.test(word));
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
