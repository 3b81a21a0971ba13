import type { ServerResponse } from 'node:http';

/** An answer that is written piece by piece, at the speed of its reader. */
export class ResponseStream {
  readonly #res: ServerResponse;

  constructor(res: ServerResponse) {
    this.#res = res;
  }

  /** The answer as a stream, for `pipeline`. */
  get writable(): ServerResponse {
    return this.#res;
  }

  /** Whether the client has hung up; writing has no effect then. */
  get closed(): boolean {
    return this.#res.destroyed || this.#res.writableEnded;
  }

  /** Sends bytes. Resolves when there is room for more, at once as a rule, or when the client has hung up. */
  async write(chunk: Uint8Array | string): Promise<void> {
    const res = this.#res;
    if (this.closed || res.write(chunk)) return;
    await new Promise<void>((resolve) => {
      const settle = () => {
        res.off('drain', settle).off('close', settle);
        resolve();
      };
      res.on('drain', settle).on('close', settle);
    });
  }

  /** Sends a value as JSON and a newline. */
  writeJson(value: unknown): Promise<void> {
    return this.write(`${JSON.stringify(value)}\n`);
  }

  end(): void {
    this.#res.end();
  }
}

const GATHERED_SIZE = 64 * 1024;

/**
 * Writes many small pieces as few big ones: a long log would else spend most of its time on a write for each line. A piece
 * that nothing follows is on its way before the engine turns to anything else.
 */
export class GatheringStream {
  readonly #stream: ResponseStream;
  #pieces: Uint8Array[] = [];
  #size = 0;
  #soon: NodeJS.Immediate | undefined;

  constructor(stream: ResponseStream) {
    this.#stream = stream;
  }

  /** Whether there is so much that `flush` is to be called, and waited for. */
  get full(): boolean {
    return this.#size >= GATHERED_SIZE;
  }

  add(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#size += piece.length;
    this.#soon ??= setImmediate(() => void this.flush());
  }

  /** Resolves when there is room for more, or when the client has hung up. */
  flush(): Promise<void> {
    clearImmediate(this.#soon);
    this.#soon = undefined;
    if (this.#size === 0) return Promise.resolve();
    const bytes = Buffer.concat(this.#pieces, this.#size);
    this.#pieces = [];
    this.#size = 0;
    return this.#stream.write(bytes);
  }
}

/**
 * The stream of JSON lines that pull, push, load and build answer with. The headers go out with the first line: an error
 * before that is an ordinary error answer, one after it becomes the last line.
 */
export class ProgressStream {
  readonly #res: ServerResponse;
  readonly #lines: ResponseStream;

  constructor(res: ServerResponse) {
    this.#res = res;
    this.#lines = new ResponseStream(res);
  }

  /** Sends the headers now, so that every later error is a line of the stream. */
  start(): void {
    if (this.#res.headersSent) return;
    this.#res.writeHead(200, { 'Content-Type': 'application/json' });
    this.#res.flushHeaders();
  }

  get started(): boolean {
    return this.#res.headersSent;
  }

  /** Sends one line: `{ status, id?, progressDetail? }`, `{ stream }` or `{ aux }`. */
  write(line: object): Promise<void> {
    this.start();
    return this.#lines.writeJson(line);
  }

  /** Ends the stream with an error line. */
  fail(message: string): void {
    this.#res.end(`${JSON.stringify({ errorDetail: { message }, error: message })}\n`);
  }

  end(): void {
    this.start();
    this.#res.end();
  }
}
