import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Identity } from '../auth/identity.ts';
import { RegistryError } from '../errors.ts';

/** Bytes of an unread body that are read and thrown away, so that the client gets to see why it was refused. */
const DRAIN_BYTES = 64 << 20;
/** And how long that may take, in milliseconds. */
const DRAIN_TIME = 10_000;

/** One request and its answer, as routes see them. */
export class Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Who asks; known when a route runs. */
  identity: Identity = { kind: 'anonymous' };

  constructor(req: IncomingMessage, res: ServerResponse) {
    this.req = req;
    this.res = res;
    const target = req.url ?? '/';
    const mark = target.indexOf('?');
    this.path = decode(mark < 0 ? target : target.slice(0, mark));
    this.query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
  }

  get isHead(): boolean {
    return this.req.method === 'HEAD';
  }

  /** What the client calls this server. */
  get origin(): string {
    const secure = 'encrypted' in this.req.socket;
    return `${secure ? 'https' : 'http'}://${this.req.headers.host ?? 'localhost'}`;
  }

  /** `Content-Length`; undefined when the body comes without. */
  get length(): number | undefined {
    const text = this.req.headers['content-length'];
    return text === undefined ? undefined : Number(text);
  }

  /** Aborted when the client hangs up before its answer is complete. */
  get signal(): AbortSignal {
    const abort = new AbortController();
    this.res.once('close', () => {
      if (!this.res.writableFinished) abort.abort();
    });
    if (this.res.destroyed) abort.abort();
    return abort.signal;
  }

  json(status: number, body: unknown, headers: Record<string, string | number> = {}): void {
    this.bytes(status, Buffer.from(JSON.stringify(body)), {
      'Content-Type': 'application/json; charset=utf-8',
      ...headers,
    });
  }

  bytes(status: number, body: Buffer, headers: Record<string, string | number>): void {
    this.res.writeHead(status, { 'Content-Length': body.length, ...headers });
    this.res.end(this.isHead ? undefined : body);
  }

  empty(status: number, headers: Record<string, string | number> = {}): void {
    this.res.writeHead(
      status,
      status === 204 || status === 304 ? headers : { 'Content-Length': 0, ...headers },
    );
    this.res.end();
  }

  /** Answers with an error in the specification's form, or breaks the connection when a part of another answer is out. */
  fail(error: RegistryError): void {
    if (this.res.headersSent) {
      this.res.destroy();
      return;
    }
    const { code, message, detail, status, headers } = error;
    const entry = detail === undefined ? { code, message } : { code, message, detail };
    this.json(status, { errors: [entry] }, { ...headers, ...this.#refuseRest() });
  }

  /** Reads on for a while what the client still sends; the connection is good for nothing more. */
  #refuseRest(): Record<string, string> {
    const { req } = this;
    if (req.complete || req.destroyed || !hasBody(req)) return {};
    let read = 0;
    const timer = setTimeout(() => req.destroy(), DRAIN_TIME).unref();
    req.on('data', (chunk: Buffer) => {
      read += chunk.length;
      if (read > DRAIN_BYTES) req.destroy();
    });
    req.on('error', () => {});
    req.once('close', () => clearTimeout(timer));
    return { Connection: 'close' };
  }
}

function hasBody(req: IncomingMessage): boolean {
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
}

function decode(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw new RegistryError('UNSUPPORTED', 'the path holds an invalid escape', { status: 400, cause });
  }
}
