import type { IncomingMessage, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import { hasBody } from './body.ts';

/** The connection of a request that asked for `Upgrade`, and what it sent after the headers and the body. */
export interface UpgradeParts {
  readonly socket: Duplex;
  readonly head: Buffer;
}

/**
 * Turns a request that asked for `Upgrade` into a raw stream: answers `101 UPGRADED` and hands over the connection. Reading
 * gives what the client sends from now on and ends at its half-close; `end()` half-closes towards the client.
 */
export async function upgrade(req: IncomingMessage, parts: UpgradeParts, headers: string[]): Promise<Duplex> {
  const { socket, head } = parts;
  // What is left of a body that nothing wanted: the raw bytes begin after it.
  if (!req.readableEnded) for await (const _ of req);
  if (head.length > 0) socket.unshift(head);
  const status = ['HTTP/1.1 101 UPGRADED', 'Connection: Upgrade', `Upgrade: ${req.headers.upgrade ?? 'tcp'}`];
  socket.write(`${[...status, ...headers].join('\r\n')}\r\n\r\n`);
  return socket;
}

/**
 * The same for a request without `Upgrade`: answers 200 with a body of unknown length, which the end of the connection ends.
 * A body that is still to be read is the client's side of the stream. Without one, that side stays open until the client
 * hangs up, and what it sends is refused, since there is no telling where HTTP ends.
 */
export function takeOver(req: IncomingMessage, res: ServerResponse, contentType: string): Duplex {
  // Removing the header is how node:http is told not to cut the answer into chunks.
  res.removeHeader('Transfer-Encoding');
  res.writeHead(200, { 'Content-Type': contentType, Connection: 'close' });
  res.flushHeaders();
  return new TakenExchange(req, res);
}

class TakenExchange extends Duplex {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;

  constructor(req: IncomingMessage, res: ServerResponse) {
    super({ allowHalfOpen: true });
    this.#req = req;
    this.#res = res;
    res.once('close', () => this.destroy());
    if (!hasBody(req) || req.readableEnded) return;
    req.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) req.pause();
    });
    req.once('end', () => this.push(null));
    req.once('error', (error) => this.destroy(error));
  }

  override _read(): void {
    this.#req.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#res.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#res.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#res.destroy();
    done(error);
  }
}
