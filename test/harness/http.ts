import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request as send } from 'node:http';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  /** The body as JSON; throws SyntaxError. What it holds is the test's business. */
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into answers of every shape
  json(): any;
}

export interface RequestOptions {
  readonly headers?: OutgoingHttpHeaders;
  /** An object goes as JSON, anything else as it is. */
  readonly body?: string | Buffer | Readable | object;
}

/** One HTTP request over a unix socket, as it is: no version prefix is put before the path. */
export function request(
  socketPath: string,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<Answer> {
  const { body } = options;
  const raw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) || isStream(body);
  const headers = { ...(raw ? {} : { 'Content-Type': 'application/json' }), ...options.headers };
  return new Promise((resolve, reject) => {
    const sent = send({ socketPath, method, path, headers, agent: false }, async (response) => {
      try {
        const received = await buffer(response);
        const text = received.toString();
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: received,
          text,
          json: () => JSON.parse(text),
        });
      } catch (error) {
        reject(error);
      }
    }).on('error', reject);
    if (isStream(body)) body.on('error', (error) => sent.destroy(error)).pipe(sent);
    else sent.end(raw ? body : JSON.stringify(body));
  });
}

function isStream(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && 'pipe' in body;
}
