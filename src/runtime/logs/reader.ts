import { currentNumber, isComplete, type OpenLog, openLog, rotatedNumbers } from './files.ts';
import { Growth } from './growth.ts';
import { type LogEntry, parseLogLine } from './line.ts';
import { LineReader } from './lines.ts';
import { TailSearch } from './tail.ts';

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

/** Where reading begins: in the file with this number or, when it is gone, at the start of the next. */
interface Start {
  readonly number: number;
  readonly offset: number;
}

/**
 * The entries of a container's log, oldest first, through all its files. It reads what conmon writes and never stands between
 * the two, so a slow reader holds nothing up. A file that is not there yet is an empty log.
 */
export async function* readLog(path: string, query: LogQuery): AsyncGenerator<LogEntry> {
  using growth = query.follow === undefined ? undefined : new Growth(path, query.follow, query.signal);
  const last = growth === undefined ? currentNumber(path) : Number.POSITIVE_INFINITY;
  let start: Start | undefined = await startOf(path, query);
  while (start !== undefined && start.number <= last && !query.signal.aborted) {
    const log = await openLog(path, start.number, oldest(query));
    if (log === undefined || log.number > last) return await log?.file.close();
    try {
      const offset = log.number === start.number ? start.offset : 0;
      for await (const line of lines(path, log, offset, growth, query.signal)) {
        const entry = parseLogLine(line);
        if (entry === undefined) continue;
        if (query.until !== undefined && entry.timestamp > query.until) return;
        if (query.since !== undefined && entry.timestamp < query.since) continue;
        if (wanted(query, entry.stream)) yield entry;
      }
      // Asked after the end of the container, if that was it: then nothing changes any more.
      start = (await isComplete(path, log)) ? { number: log.number + 1, offset: 0 } : undefined;
    } finally {
      await log.file.close();
    }
  }
}

function wanted(query: Pick<LogQuery, 'stdout' | 'stderr'>, stream: number): boolean {
  return stream === 1 ? query.stdout : query.stderr;
}

/** The time, in ms since 1970, before which nothing is wanted. The clock of files is coarse. */
function oldest({ since }: LogQuery): number {
  return since === undefined ? 0 : Date.parse(since) - 1000;
}

async function startOf(path: string, query: LogQuery): Promise<Start> {
  if (query.tail === undefined) return { number: 0, offset: 0 };
  const search = new TailSearch(query.tail, (stream) => wanted(query, stream));
  for (const number of [currentNumber(path), ...rotatedNumbers(path).reverse()]) {
    const log = await openLog(path, number);
    if (log === undefined) continue;
    try {
      // One that is gone, in the place of which its successor was opened, has nothing to search any more.
      const offset = log.number === number ? await search.in(log.file) : undefined;
      if (offset !== undefined) return { number, offset };
    } finally {
      await log.file.close();
    }
  }
  return { number: 0, offset: 0 };
}

/** The complete lines of a file from `start` to its end: where it ends for good when the log is followed, else now. */
async function* lines(
  path: string,
  log: OpenLog,
  start: number,
  growth: Growth | undefined,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const end = growth === undefined ? (await log.file.stat()).size : Number.POSITIVE_INFINITY;
  const reader = new LineReader(log.file, start, end);
  while (!signal.aborted) {
    // Asked before reading: what is written in between then counts as growth and not as the end.
    const ended = growth === undefined || growth.stopped || (await isComplete(path, log));
    for (let read = await reader.next(); read !== undefined; read = await reader.next()) {
      yield* read;
      if (signal.aborted) return;
    }
    if (ended) return;
    await growth.more();
  }
}
