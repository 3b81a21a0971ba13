import { watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type LogEntry, parseLogLine } from './line.ts';
import { tailOffset } from './tail.ts';

/** Which part of a log is wanted. */
export interface LogQuery {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** The last lines only; undefined for all. */
  readonly tail?: number | undefined;
  /** RFC 3339 in UTC with nanoseconds; entries before it are left out, those at it are not. */
  readonly since?: string | undefined;
  /** As `since`; entries after it are left out, and the log ends there. */
  readonly until?: string | undefined;
  /** Resolves when the container has stopped: the log is read to its end and ends. Undefined to end at once. */
  readonly follow?: Promise<unknown> | undefined;
  /** Ends the reading, also while it waits. */
  readonly signal: AbortSignal;
}

const BLOCK = 256 * 1024;
/** A longer line cannot come from conmon, which cuts them at a few KiB. */
const MAX_LINE = 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * The entries of a container's log, oldest first. It reads the file that conmon writes and never stands between the two,
 * so a slow reader holds nothing up. A file that is not there yet is an empty log.
 */
export async function* readLog(path: string, query: LogQuery): AsyncGenerator<LogEntry> {
  const file = await openIfThere(path);
  if (file === undefined) return;
  try {
    const start = query.tail === undefined ? 0 : await startOfTail(file, query.tail, query);
    for await (const line of lines(file, path, start, query)) {
      const entry = parseLogLine(line);
      if (entry === undefined) continue;
      if (query.until !== undefined && entry.timestamp > query.until) return;
      if (query.since !== undefined && entry.timestamp < query.since) continue;
      if (wanted(query, entry.stream)) yield entry;
    }
  } finally {
    await file.close();
  }
}

function wanted(query: Pick<LogQuery, 'stdout' | 'stderr'>, stream: number): boolean {
  return stream === 1 ? query.stdout : query.stderr;
}

async function startOfTail(file: FileHandle, count: number, query: LogQuery): Promise<number> {
  const { size } = await file.stat();
  return count === 0 ? size : tailOffset(file, size, count, (stream) => wanted(query, stream));
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The complete lines of a file from `start` on; while following, also those that are still to come. */
async function* lines(
  file: FileHandle,
  path: string,
  start: number,
  query: LogQuery,
): AsyncGenerator<Buffer> {
  using growth = query.follow === undefined ? undefined : new Growth(path, query.follow, query.signal);
  const block = Buffer.allocUnsafe(BLOCK);
  let at = start;
  let carry: Buffer = Buffer.alloc(0);
  while (!query.signal.aborted) {
    // Asked before reading: what is written in between then counts as growth and not as the end.
    const last = growth === undefined || growth.stopped;
    const { bytesRead } = await file.read(block, 0, BLOCK, at);
    if (bytesRead === 0) {
      if (last) break;
      await growth.more();
      continue;
    }
    at += bytesRead;
    const bytes = Buffer.concat([carry, block.subarray(0, bytesRead)]);
    let begin = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, begin)) {
      yield bytes.subarray(begin, end);
      begin = end + 1;
    }
    carry = bytes.length - begin > MAX_LINE ? Buffer.alloc(0) : bytes.subarray(begin);
  }
}

/** Tells when a file may have grown, and when it will grow no more. */
class Growth implements Disposable {
  stopped = false;
  readonly #watcher;
  readonly #done = new AbortController();
  #changed = false;
  #wake: (() => void) | undefined;

  constructor(path: string, stopped: Promise<unknown>, signal: AbortSignal) {
    const wake = () => this.#notify();
    this.#watcher = watch(path, { persistent: false }, wake);
    this.#watcher.on('error', wake);
    signal.addEventListener('abort', wake, { signal: this.#done.signal });
    void stopped.finally(() => {
      this.stopped = true;
      this.#notify();
    });
  }

  /** Resolves when there may be more to read, or none will come. */
  more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.#changed || this.stopped) this.#notify();
    });
  }

  #notify(): void {
    this.#changed = this.#wake === undefined;
    this.#wake?.();
    this.#wake = undefined;
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
    this.#done.abort();
  }
}
