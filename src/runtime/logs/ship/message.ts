import { type LogEntry, parseLogLine } from '../line.ts';

/** A line of a container as it is sent to somebody else. */
export interface LogMessage {
  readonly stream: LogEntry['stream'];
  /** RFC 3339 in UTC with nanoseconds: when it was written. */
  readonly timestamp: string;
  /** Without the newline. */
  readonly content: Buffer;
  /** The line goes on in the next message. */
  readonly partial: boolean;
}

/** Longer lines are sent in pieces, as Docker does. */
const MAX_MESSAGE = 16 * 1024;
const NEWLINE = 0x0a;

/** Puts the pieces together in which conmon writes the lines of each stream. */
export class MessageJoiner {
  readonly #open = new Map<number, { timestamp: string; pieces: Buffer[]; size: number }>();

  /** Whether everything that was taken has been given back. */
  get empty(): boolean {
    return this.#open.size === 0;
  }

  /** Takes a line of the log file; gives the message that it completes. */
  take(line: Buffer): LogMessage | undefined {
    const entry = parseLogLine(line);
    if (entry === undefined) return undefined;
    const { stream, timestamp, content } = entry;
    const ends = content.at(-1) === NEWLINE;
    const piece = ends ? content.subarray(0, -1) : content;
    const before = this.#open.get(stream);
    const size = (before?.size ?? 0) + piece.length;
    const pieces = [...(before?.pieces ?? []), piece];
    const begun = before?.timestamp ?? timestamp;
    if (!ends && size < MAX_MESSAGE) {
      this.#open.set(stream, { timestamp: begun, pieces, size });
      return undefined;
    }
    this.#open.delete(stream);
    return { stream, timestamp: begun, content: Buffer.concat(pieces), partial: !ends };
  }

  /** What has been written without its end, when no end will come. */
  rest(): LogMessage[] {
    const messages = [...this.#open].map(([stream, { timestamp, pieces }]) => ({
      ...{ stream: stream as LogEntry['stream'], timestamp },
      ...{ content: Buffer.concat(pieces), partial: false },
    }));
    this.#open.clear();
    return messages;
  }
}
