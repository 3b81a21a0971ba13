import { closeSync, rmSync } from 'node:fs';
import { PassThrough, type Readable } from 'node:stream';
import { ReadStream } from 'node:tty';
import { listenUnix, setWindowSize } from '../linux/index.ts';
import type { Relay } from './attach/relay.ts';

/**
 * The engine's end of a pseudo-terminal that an OCI runtime makes inside a container and hands over. What is written and
 * asked before it has come is kept until then.
 */
export class Terminal {
  readonly input = new PassThrough();
  readonly output = new PassThrough();
  readonly #path: string;
  readonly #abort = new AbortController();
  readonly #stream: Promise<ReadStream | undefined>;
  #fd = -1;
  #size: readonly [number, number] | undefined;

  /** `path` is where the runtime is told to send the terminal to. Throws SyscallError. */
  constructor(relay: Relay, path: string) {
    this.#path = path;
    const listening = listenUnix(path);
    this.#stream = relay.receiveFd(listening, this.#abort.signal).then(
      (fd) => this.#join(fd),
      () => undefined,
    );
  }

  /** Sets the size in characters. */
  resize(rows: number, columns: number): void {
    this.#size = [rows, columns];
    if (this.#fd >= 0) setWindowSize(this.#fd, rows, columns);
  }

  /** Gives the terminal back; the processes on it are told that it hangs up. */
  close(): void {
    this.#abort.abort();
    rmSync(this.#path, { force: true });
    this.#fd = -1;
    void this.#stream.then((stream) => stream?.destroy());
  }

  /** Passes on what the process writes. Resolves when all of it is in `output`, or when no terminal ever came. */
  async forward(): Promise<void> {
    const stream = await this.#stream;
    if (stream !== undefined) await forward(stream, this.output, (bytes) => bytes);
  }

  #join(fd: number): ReadStream | undefined {
    if (this.#abort.signal.aborted) {
      closeSync(fd);
      return undefined;
    }
    this.#fd = fd;
    if (this.#size !== undefined) setWindowSize(fd, ...this.#size);
    const stream = new ReadStream(fd);
    stream.on('error', () => {});
    this.input.on('error', () => {}).pipe(stream, { end: false });
    return stream;
  }
}

/** Passes bytes on at the reader's pace. Resolves at the source's end; a terminal whose other side is gone has ended too. */
export function forward(from: Readable, output: PassThrough, wrap: (bytes: Buffer) => Buffer): Promise<void> {
  // A source that had nothing to say may be over before anybody listens.
  if (from.readableEnded || from.destroyed) return Promise.resolve();
  from.on('data', (bytes: Buffer) => {
    // Nobody reads any more, but the process must not be left writing into a full pipe.
    if (output.destroyed || output.writableEnded || output.write(wrap(bytes))) return;
    from.pause();
    const resume = () => {
      output.off('drain', resume).off('close', resume);
      from.resume();
    };
    output.on('drain', resume).on('close', resume);
  });
  return new Promise((resolve) => {
    from.once('end', resolve);
    from.once('close', resolve);
    from.once('error', () => resolve());
  });
}
