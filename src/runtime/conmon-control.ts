import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { unreadBytes } from '../linux/index.ts';
import type { Bundle } from './bundle.ts';

/** What was told last to each conmon. */
const told = new Map<string, Promise<void>>();

const POLL_MS = 1;
const MAX_POLLS = 1000;

/**
 * Tells conmon something by its control FIFO: `1 <rows> <columns>` sets the terminal's size, `2 0 0` has it begin a new log
 * file. `needed` is asked when conmon has taken what it was told before. A conmon that is gone is not waited for: it has
 * nothing to do any more. Resolves when conmon has been told.
 */
export function tellConmon(bundle: Bundle, line: string, needed: () => boolean = () => true): Promise<void> {
  const path = bundle.control;
  const before = told.get(path) ?? Promise.resolve();
  const now = before.catch(() => {}).then(() => tell(path, line, needed));
  told.set(path, now);
  const forget = () => {
    if (told.get(path) === now) told.delete(path);
  };
  now.then(forget, forget);
  return now;
}

async function tell(path: string, line: string, needed: () => boolean): Promise<void> {
  const fd = openControl(path);
  if (fd === undefined) return;
  try {
    // conmon 2.1 takes the first line once more for every other one that it reads together with it.
    for (let polls = 0; unreadBytes(fd) > 0 && polls < MAX_POLLS; polls++) await sleep(POLL_MS);
    if (needed()) writeSync(fd, `${line}\n`);
  } finally {
    closeSync(fd);
  }
}

function openControl(path: string): number | undefined {
  try {
    // Without O_NONBLOCK this would wait for a reader, on a thread that others need.
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENXIO' || code === 'ENOENT') return undefined;
    throw error;
  }
}
