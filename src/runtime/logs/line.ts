import { STDERR, STDOUT } from '../../api/index.ts';

/** One entry of a container's log: a line, or a piece of one that was written before it ended. */
export interface LogEntry {
  readonly stream: typeof STDOUT | typeof STDERR;
  /** RFC 3339 in UTC with nanoseconds, as Docker prints it: 2026-01-02T03:04:05.123456789Z. */
  readonly timestamp: string;
  /** What the container wrote, with the newline if it wrote one. */
  readonly content: Buffer;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const FULL = 0x46;
const TIMESTAMP_SIZE = '2026-01-02T03:04:05.123456789'.length;

/**
 * Reads one line of conmon's log, without its newline: `<time> stdout|stderr F|P <content>`, where P says that the content
 * goes on in the next entry of the stream. Undefined for a line that is none, such as one that a full disk cut off.
 */
export function parseLogLine(line: Buffer): LogEntry | undefined {
  const afterTime = line.indexOf(SPACE);
  const afterStream = line.indexOf(SPACE, afterTime + 1);
  if (afterTime < TIMESTAMP_SIZE || afterStream < 0 || line[afterStream + 2] !== SPACE) return undefined;
  const name = line.toString('latin1', afterTime + 1, afterStream);
  if (name !== 'stdout' && name !== 'stderr') return undefined;
  const content = line.subarray(afterStream + 3);
  const full = line[afterStream + 1] === FULL;
  return {
    stream: name === 'stdout' ? STDOUT : STDERR,
    timestamp: `${line.toString('latin1', 0, TIMESTAMP_SIZE)}Z`,
    content: full ? Buffer.concat([content, Buffer.of(NEWLINE)]) : content,
  };
}
