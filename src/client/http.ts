import type { Duplex } from 'node:stream';
import { ByteSource } from './byte-source.ts';
import { ConnectionLost } from './errors.ts';

/** A response head longer than this is not from an engine. */
const MAX_HEAD = 256 * 1024;
/** A longer line before a chunk (its size and extensions) is not HTTP. */
const MAX_CHUNK_LINE = 4096;

export interface HttpRequest {
  readonly method: string;
  /** Path with query, as it goes on the wire. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Text and bytes are sent with their length, an iterable is sent in chunks. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined;
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Header fields, names in lower case; the last one wins when a name comes twice. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * One HTTP/1.1 connection (RFC 9112), one request at a time. Our own, because loading `node:http` takes longer than a
 * whole `ps`: 30 ms.
 */
export class HttpConnection {
  readonly #stream: Duplex;
  readonly #source: ByteSource;
  #reusable = true;
  #used = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.#source = new ByteSource(stream);
  }

  /** Whether another request can follow: the last answer was read whole and the peer keeps the connection open. */
  get reusable(): boolean {
    return this.#reusable && !this.#stream.destroyed && !this.#stream.readableEnded;
  }

  /** Whether a request was answered on this connection before. */
  get used(): boolean {
    return this.#used;
  }

  /** Sends a request and reads the answer's head. Read the body, or destroy the connection, before the next one. */
  async send(request: HttpRequest): Promise<HttpResponse> {
    this.#reusable = false;
    const sending = this.#write(request);
    // A peer that refuses an upload answers and hangs up; its answer explains more than our broken pipe.
    sending.catch(() => {});
    const head = await this.#readHead();
    this.#used = true;
    return new HttpResponse(head, this.#bodyOf(request.method, head), () => this.#source.release());
  }

  destroy(): void {
    this.#reusable = false;
    this.#stream.destroy();
  }

  async #write(request: HttpRequest): Promise<void> {
    const { method, path, headers, body } = request;
    const lines = [`${method} ${path} HTTP/1.1`];
    for (const [name, value] of Object.entries(headers))
      lines.push(`${name}: ${value.replace(/[\r\n]+/g, ' ')}`);
    if (body === undefined) {
      if (method !== 'GET' && method !== 'HEAD') lines.push('Content-Length: 0');
      this.#stream.write(`${lines.join('\r\n')}\r\n\r\n`);
    } else if (typeof body === 'string' || body instanceof Uint8Array) {
      lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
      this.#stream.write(`${lines.join('\r\n')}\r\n\r\n`);
      this.#stream.write(body);
    } else {
      lines.push('Transfer-Encoding: chunked');
      this.#stream.write(`${lines.join('\r\n')}\r\n\r\n`);
      await this.#writeChunks(body);
    }
  }

  async #writeChunks(body: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const piece of body) {
        if (piece.length === 0) continue;
        this.#stream.write(`${piece.length.toString(16)}\r\n`);
        this.#stream.write(piece);
        if (!this.#stream.write('\r\n')) await drained(this.#stream);
      }
      this.#stream.write('0\r\n\r\n');
    } catch (error) {
      // Half a body must not look like a whole one, so the connection goes.
      this.#stream.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #readHead(): Promise<ResponseHead> {
    for (;;) {
      const head = parseHead(await this.#readUntil('\r\n\r\n', MAX_HEAD));
      // 100 Continue and its kind announce the real answer.
      if (head.status >= 200 || head.status === 101) return head;
    }
  }

  async #readUntil(mark: string, limit: number): Promise<string> {
    let collected: Buffer = Buffer.alloc(0);
    for (;;) {
      const piece = await this.#source.read();
      if (!piece) throw new ConnectionLost('the connection was closed before the answer was complete');
      collected = collected.length === 0 ? piece : Buffer.concat([collected, piece]);
      const end = collected.indexOf(mark);
      if (end >= 0) {
        this.#source.unread(collected.subarray(end + mark.length));
        return collected.toString('latin1', 0, end);
      }
      if (collected.length > limit) throw new ConnectionLost('the answer is not HTTP');
    }
  }

  async *#bodyOf(method: string, head: ResponseHead): AsyncGenerator<Buffer, void> {
    const { status, headers } = head;
    const length = headers['content-length'];
    let closes = /\bclose\b/i.test(headers['connection'] ?? '');
    if (method === 'HEAD' || status < 200 || status === 204 || status === 304) {
      // These have no body, whatever their fields say.
    } else if (/\bchunked\b/i.test(headers['transfer-encoding'] ?? '')) {
      yield* this.#readChunks();
    } else if (length !== undefined) {
      yield* this.#readExactly(Number(length));
    } else {
      closes = true;
      for (let piece = await this.#source.read(); piece; piece = await this.#source.read()) yield piece;
    }
    if (closes) this.#stream.destroy();
    this.#reusable = !closes;
  }

  async *#readExactly(length: number): AsyncGenerator<Buffer, void> {
    if (!Number.isSafeInteger(length) || length < 0) throw new ConnectionLost('the answer is not HTTP');
    let remaining = length;
    while (remaining > 0) {
      const piece = await this.#source.read();
      if (!piece) throw new ConnectionLost('the connection was closed before the answer was complete');
      this.#source.unread(piece.subarray(remaining));
      const taken = piece.subarray(0, remaining);
      remaining -= taken.length;
      yield taken;
    }
  }

  async *#readChunks(): AsyncGenerator<Buffer, void> {
    for (;;) {
      const line = await this.#readUntil('\r\n', MAX_CHUNK_LINE);
      const size = /^[0-9a-f]{1,12}(?=\s*(;|$))/i.exec(line)?.[0];
      if (size === undefined) throw new ConnectionLost('the answer is not HTTP');
      const length = Number.parseInt(size, 16);
      if (length === 0) break;
      yield* this.#readExactly(length);
      await this.#readUntil('\r\n', MAX_CHUNK_LINE);
    }
    while ((await this.#readUntil('\r\n', MAX_CHUNK_LINE)) !== '') {
      // Trailer fields say nothing to us.
    }
  }
}

/** An answer: its head at once, its body as it comes. */
export class HttpResponse {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body; can be read once. */
  readonly body: AsyncIterable<Buffer>;
  readonly #release: () => Duplex;

  constructor(head: ResponseHead, body: AsyncIterable<Buffer>, release: () => Duplex) {
    this.status = head.status;
    this.reason = head.reason;
    this.headers = head.headers;
    this.body = body;
    this.#release = release;
  }

  /** The whole body. Throws ConnectionLost when it is longer than `limit` bytes. */
  async bytes(limit: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of this.body) {
      size += piece.length;
      if (size > limit) throw new ConnectionLost(`the answer is longer than ${limit} bytes`);
      pieces.push(piece);
    }
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }

  /** The same answer, calling `done` when the body was read or given up, and throwing `explain(error)` where it breaks. */
  whenRead(done: () => void, explain: (error: unknown) => unknown): HttpResponse {
    return new HttpResponse(this, watched(this.body, done, explain), this.#release);
  }

  /** Takes the connection over as a raw stream, after an upgrade. */
  hijack(): Duplex {
    return this.#release();
  }
}

async function* watched(
  body: AsyncIterable<Buffer>,
  done: () => void,
  explain: (error: unknown) => unknown,
): AsyncGenerator<Buffer, void> {
  try {
    yield* body;
  } catch (error) {
    throw explain(error);
  } finally {
    done();
  }
}

function parseHead(text: string): ResponseHead {
  const [first = '', ...lines] = text.split('\r\n');
  const match = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(first);
  if (!match) throw new ConnectionLost('the answer is not HTTP');
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { status: Number(match[1]), reason: match[2] ?? '', headers };
}

function drained(stream: Duplex): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      stream.off('drain', settle);
      stream.off('close', closed);
      stream.off('error', settle);
      if (error) reject(error);
      else resolve();
    };
    const closed = (): void => settle(new ConnectionLost('the connection was closed while sending'));
    stream.on('drain', settle);
    stream.on('close', closed);
    stream.on('error', settle);
  });
}
