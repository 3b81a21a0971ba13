import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isComplete, type OpenLog, openLog } from '../files.ts';
import { Growth } from '../growth.ts';
import { LineReader } from '../lines.ts';
import { type LogMessage, MessageJoiner } from './message.ts';
import { SavedPosition } from './position.ts';
import { connectSink, type LogSink, type SinkAddress } from './sink.ts';

/** A log to be sent somewhere as it is written. */
export interface ShipperOptions {
  /** The file that conmon writes. */
  readonly path: string;
  readonly address: SinkAddress;
  /** The bytes of a message for the other side. */
  format(message: LogMessage): Buffer;
  /** Whether nothing more will be written for now. */
  ended(): boolean;
  /** Told when a file has been sent to its end. */
  fileDone(): void;
  /** Told why nothing goes out; once for each outage. */
  failed(error: unknown): void;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 15_000;

/**
 * Sends a container's log to somebody else. It reads what conmon has written, so neither a server that is slow or gone nor an
 * engine that is gone holds the container up; and it keeps, beside the log, how far the other side has it, so the next engine
 * goes on there. A line may be sent twice after a failure, and none is left out.
 */
export class LogShipper {
  /** Resolves when the log has ended and all of it has been sent, or after `close`. */
  readonly done: Promise<void>;
  readonly #options: ShipperOptions;
  readonly #position: SavedPosition;
  readonly #abort = new AbortController();
  readonly #growth: Growth;
  readonly #joiner = new MessageJoiner();
  #sink: LogSink | undefined;
  #failing = false;

  constructor(options: ShipperOptions) {
    this.#options = options;
    this.#position = new SavedPosition(join(dirname(options.path), 'log-position'));
    this.#growth = new Growth(options.path, new Promise(() => {}), this.#abort.signal);
    this.done = this.#run().finally(() => {
      this.#sink?.close();
      this.#growth[Symbol.dispose]();
      this.#position[Symbol.dispose]();
    });
  }

  /** Whether the other side cannot be reached. */
  get failing(): boolean {
    return this.#failing;
  }

  /** Files with lower numbers have been sent and are not needed any more. */
  get number(): number {
    return this.#position.value.number;
  }

  /** Looks again whether the log has ended. */
  wake(): void {
    this.#growth.wake();
  }

  /** Gives up; what has not been sent waits for the next shipper. */
  async close(): Promise<void> {
    this.#abort.abort(new Error('the engine is stopping'));
    await this.done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    for (let pause = FIRST_PAUSE_MS; !signal.aborted; ) {
      try {
        await this.#ship();
        return;
      } catch (error) {
        this.#sink?.close();
        this.#sink = undefined;
        if (signal.aborted) return;
        // What was read and not sent is read again.
        this.#joiner.rest();
        if (this.#failing) pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
        else {
          pause = FIRST_PAUSE_MS;
          this.#options.failed(error);
        }
        this.#failing = true;
        await sleep(pause, undefined, { signal, ref: false }).catch(() => {});
      }
    }
  }

  /** Sends from the position to the end of the log. */
  async #ship(): Promise<void> {
    const { path, fileDone } = this.#options;
    let { number, offset } = this.#position.value;
    while (!this.#abort.signal.aborted) {
      const log = await openLog(path, number);
      if (log === undefined) {
        // Between a renamed file and the next one, or before the first.
        if (this.#options.ended()) return;
        await this.#growth.more();
        continue;
      }
      try {
        const complete = await this.#shipFile(log, log.number === number ? offset : 0);
        if (!complete) return;
      } finally {
        await log.file.close();
      }
      number = log.number + 1;
      offset = 0;
      if (this.#joiner.empty) this.#position.value = { number, offset };
      fileDone();
    }
  }

  /** Sends a file from an offset to its end. Gives false when that is the end of the log. */
  async #shipFile(log: OpenLog, offset: number): Promise<boolean> {
    const reader = new LineReader(log.file, offset);
    const reached = () => {
      if (this.#joiner.empty) this.#position.value = { number: log.number, offset: reader.offset };
    };
    while (!this.#abort.signal.aborted) {
      // Both asked before reading: what is written in between is then read the next time.
      const ended = this.#options.ended();
      const complete = await isComplete(this.#options.path, log);
      for (let lines = await reader.next(); lines !== undefined; lines = await reader.next()) {
        await this.#send(lines.flatMap((line) => this.#joiner.take(line) ?? []));
        reached();
      }
      if (complete) return true;
      if (ended) {
        await this.#send(this.#joiner.rest());
        reached();
        return false;
      }
      await this.#growth.more();
    }
    return false;
  }

  async #send(messages: readonly LogMessage[]): Promise<void> {
    if (messages.length === 0) return;
    this.#sink ??= await connectSink(this.#options.address, this.#abort.signal);
    await this.#sink.send(messages.map((message) => this.#options.format(message)));
    this.#failing = false;
  }
}
