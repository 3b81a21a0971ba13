import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { GenericSchema, InferOutput } from 'valibot';
import { type ApiVersion, Filters, InvalidArgument, isTrue } from '../../api/index.ts';
import { hasBody, readJson } from './body.ts';
import { takeOver, type UpgradeParts, upgrade } from './hijack.ts';
import { http } from './http.ts';
import { ProgressStream, ResponseStream } from './stream.ts';
import { acceptWebSocket, WebSocketStream } from './websocket.ts';

/** What a request carries besides itself. */
export interface RequestParts {
  readonly query: URLSearchParams;
  readonly version: ApiVersion;
  /** Of a request that asked for `Upgrade: tcp`; undefined for any other. */
  readonly upgrade?: UpgradeParts | undefined;
}

/** One request and its answer, as route handlers see them. */
export class RequestContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** The parts of the path that the route's pattern names, percent-decoded. */
  params: Readonly<Record<string, string>> = {};
  readonly query: URLSearchParams;
  /** The version in the path, or the newest: `atLeast(ctx.version, 1, 42)`. */
  readonly version: ApiVersion;
  readonly #upgrade: UpgradeParts | undefined;
  #abort: AbortController | undefined;
  #progress: ProgressStream | undefined;
  #hijacked: Duplex | undefined;

  constructor(req: IncomingMessage, res: ServerResponse, parts: RequestParts) {
    this.req = req;
    this.res = res;
    this.query = parts.query;
    this.version = parts.version;
    this.#upgrade = parts.upgrade;
  }

  /** Aborted when the client hangs up before its answer is complete; after `hijack`, when the connection closes. */
  get signal(): AbortSignal {
    if (this.#abort) return this.#abort.signal;
    const abort = new AbortController();
    this.#abort = abort;
    const socket = this.req.socket;
    const closed = () => {
      if (this.#hijacked || !this.res.writableFinished) abort.abort();
    };
    if (socket.destroyed) abort.abort();
    socket.once('close', closed);
    // The connection may live on for other requests.
    this.res.once('finish', () => socket.off('close', closed));
    return abort.signal;
  }

  /** Whether the request carries a body. */
  get hasBody(): boolean {
    return hasBody(this.req);
  }

  /** Whether the request asks to turn its connection into a raw stream with `Upgrade: tcp`. */
  get wantsUpgrade(): boolean {
    return this.#upgrade !== undefined;
  }

  /** A boolean query parameter by Docker's rule: absent is `fallback`; empty, 0, no, false and none are false. */
  bool(name: string, fallback = false): boolean {
    const value = this.query.get(name);
    return value === null ? fallback : isTrue(value);
  }

  /** A whole number among the query parameters; absent or empty is `fallback`. Throws InvalidArgument. */
  int(name: string, fallback: number): number;
  int(name: string): number | undefined;
  int(name: string, fallback?: number): number | undefined {
    const text = this.query.get(name);
    if (!text) return fallback;
    const value = Number(text);
    if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(value)) {
      throw new InvalidArgument(`invalid value "${text}" for parameter ${name}: a whole number is expected`);
    }
    return value;
  }

  /** The `filters` parameter. Throws InvalidArgument when it is malformed or has a key that is not `accepted`. */
  filters(accepted?: readonly string[]): Filters {
    const filters = Filters.parse(this.query.get('filters'));
    if (accepted) filters.validate(accepted);
    return filters;
  }

  /** The JSON body, checked against a valibot schema; no body is `{}`. Throws InvalidArgument. See `readJson`. */
  json<S extends GenericSchema>(schema: S, limit?: number): Promise<InferOutput<S>> {
    return readJson(this.req, schema, limit);
  }

  /** Answers with a JSON body and a newline, or with none. */
  send(status: number, body?: unknown): void {
    if (body === undefined) {
      if (status !== 204 && status !== 304) this.res.setHeader('Content-Length', 0);
      this.res.writeHead(status).end();
      return;
    }
    this.#sendBytes(status, 'application/json', `${JSON.stringify(body)}\n`);
  }

  /** Answers with plain text. */
  sendText(status: number, text: string): void {
    this.#sendBytes(status, 'text/plain; charset=utf-8', text);
  }

  /** Answers 200 with a body to be written piece by piece. The headers go out at once. */
  stream(contentType: string): ResponseStream {
    this.res.writeHead(200, { 'Content-Type': contentType });
    this.res.flushHeaders();
    return new ResponseStream(this.res);
  }

  /**
   * Answers with a stream of JSON progress lines, whose headers go out with the first line: what the handler throws before
   * is an ordinary error answer, after it an error line. The stream ends when the handler returns.
   */
  progress(): ProgressStream {
    this.#progress ??= new ProgressStream(this.res);
    return this.#progress;
  }

  /**
   * Takes the connection as a raw stream: after `101 UPGRADED` when the request asked for `Upgrade: tcp`, else after
   * `200 OK`. Both ways close on their own: reading ends when the client has no more input, `end()` tells it that there is
   * no more output. The caller ends or destroys the stream. Read the body first, and throw what there is to throw.
   */
  async hijack(contentType: string): Promise<Duplex> {
    const common = ['Api-Version', 'Ostype', 'Server'].map((name) => `${name}: ${this.res.getHeader(name)}`);
    const headers = [`Content-Type: ${contentType}`, ...common];
    this.#hijacked = this.#upgrade
      ? await upgrade(this.req, this.#upgrade, headers)
      : await takeOver(this.req, this.res, headers);
    return this.#hijacked;
  }

  /**
   * Takes the connection as a websocket, as a stream of what its messages hold. Throws InvalidArgument when the request did not
   * ask for one as RFC 6455 has it.
   */
  async websocket(options: { readonly binary: boolean }): Promise<Duplex> {
    if (this.#upgrade === undefined || this.req.headers.upgrade?.toLowerCase() !== 'websocket') {
      throw new InvalidArgument('not websocket protocol: ask for "Upgrade: websocket"');
    }
    const socket = await acceptWebSocket(this.req, this.#upgrade);
    this.#hijacked = new WebSocketStream(socket, options.binary);
    return this.#hijacked;
  }

  /** Whether the connection was taken: there is no HTTP on it any more. */
  get hijacked(): boolean {
    return this.#hijacked !== undefined;
  }

  /** Ends what the handler left open. For the server. */
  finish(): void {
    if (this.#hijacked || this.res.writableEnded) return;
    if (this.#progress) this.#progress.end();
    else if (this.res.headersSent) this.res.end();
    else this.send(200);
  }

  /** Answers with an error, in the way that fits what was sent already. For the server. */
  fail(status: number, message: string): void {
    if (this.#hijacked) {
      this.#hijacked.end();
    } else if (this.#progress?.started) {
      this.#progress.fail(message);
    } else if (this.res.headersSent) {
      // Only a broken connection tells the client that what it got is not all.
      this.res.destroy();
    } else if (status === 304) {
      this.send(304);
    } else {
      this.send(status, { message: message || http.STATUS_CODES[status] });
    }
  }

  #sendBytes(status: number, type: string, text: string): void {
    const body = Buffer.from(text);
    this.res.writeHead(status, { 'Content-Type': type, 'Content-Length': body.length }).end(body);
  }
}
