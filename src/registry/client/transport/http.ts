import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import * as http from 'node:http';
import * as https from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RegistryFailure } from '../failure.ts';
import { networkFailure } from './network-failure.ts';

/** How long a registry may stay silent, in milliseconds, before the connection counts as broken. */
export const SILENCE = 60_000;

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers?: OutgoingHttpHeaders | undefined;
  /** A stream needs a `Content-Length` among the headers, or is sent in chunks. */
  readonly body?: Uint8Array | Readable | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; `SILENCE` unless told. */
  readonly silence?: number | undefined;
}

/** An answer: its head at once, its body as it is read. Read the body, or `discard` it, so that the connection is free. */
export class HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** What was asked for. */
  readonly url: URL;
  readonly #message: IncomingMessage;
  readonly #method: string;

  constructor(message: IncomingMessage, { method, url }: HttpRequest) {
    this.status = message.statusCode ?? 0;
    this.headers = message.headers;
    this.url = url;
    this.#message = message;
    this.#method = method;
  }

  /** The value of a field that may come once. */
  header(name: string): string | undefined {
    const value = this.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** The body in chunks. Throws RegistryFailure when the connection breaks; leaving the loop early closes it. */
  async *body(): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* this.#message as AsyncIterable<Buffer>;
    } catch (error) {
      throw networkFailure(this.#method, this.url, error);
    }
  }

  /** The whole body. Throws RegistryFailure when it has more than `limit` bytes. */
  async bytes(limit: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of this.body()) {
      size += chunk.length;
      if (size > limit) {
        throw new RegistryFailure(`${this.#method} "${this.url}": the answer has more than ${limit} bytes`, {
          status: this.status === 200 ? 422 : this.status,
        });
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  /** Gives up the body. */
  discard(): void {
    if (Number(this.headers['content-length'] ?? Number.NaN) <= 64 << 10) this.#message.resume();
    else this.#message.destroy();
    this.#message.on('error', () => {});
  }
}

/** Sends one request over a connection of `agent`. Throws RegistryFailure, and the reason of an aborted signal. */
export async function send(agent: http.Agent, request: HttpRequest): Promise<HttpResponse> {
  const { method, url, headers, body, signal, silence = SILENCE } = request;
  signal?.throwIfAborted();
  const secure = url.protocol === 'https:';
  const sent = (secure ? https : http).request(url, {
    agent,
    method,
    headers: { 'User-Agent': 'berth', ...headers },
    ...(signal ? { signal } : {}),
  });
  const answered = new Promise<HttpResponse>((resolve, reject) => {
    sent.once('response', (message) => resolve(new HttpResponse(message, request)));
    sent.on('error', reject);
    sent.setTimeout(silence, () =>
      sent.destroy(new Error(`no answer within ${Math.round(silence / 1000)} seconds`)),
    );
  });
  try {
    if (body === undefined || body instanceof Uint8Array) {
      sent.end(body);
      return await answered;
    }
    answered.catch(() => {});
    // A registry that refuses an upload answers and hangs up; its answer explains more than our broken pipe.
    const uploaded = pipeline(body, sent).then(() => answered);
    return await Promise.any([answered, uploaded]).catch(() => answered);
  } catch (error) {
    signal?.throwIfAborted();
    throw networkFailure(method, url, error);
  }
}
