import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

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
  await drain(req);
  if (head.length > 0) socket.unshift(head);
  const status = ['HTTP/1.1 101 UPGRADED', 'Connection: Upgrade', `Upgrade: ${req.headers.upgrade ?? 'tcp'}`];
  socket.write(`${[...status, ...headers].join('\r\n')}\r\n\r\n`);
  return socket;
}

/**
 * The same for a request without `Upgrade`: answers 200 with a body that the end of the connection ends. The client's side is
 * its chunked body while that has not been read, else the raw bytes that come after the request once it has its answer.
 */
export async function takeOver(
  req: IncomingMessage,
  res: ServerResponse,
  headers: string[],
): Promise<Duplex> {
  const chunked = req.headers['transfer-encoding'] !== undefined && !req.readableEnded;
  if (!chunked) await drain(req);
  const socket = req.socket;
  res.detachSocket(socket);
  if (!chunked) detach(socket);
  socket.write(`${['HTTP/1.1 200 OK', ...headers].join('\r\n')}\r\n\r\n`);
  return chunked ? new TakenExchange(req, socket) : socket;
}

/** A body that the handler had no use for: what is raw begins after it. */
async function drain(req: IncomingMessage): Promise<void> {
  if (!req.readableEnded) for await (const _ of req);
}

/**
 * Takes a connection from node:http, which does this itself for `Upgrade` requests alone: its parser must see no more bytes,
 * nor end the connection when the client has no more to send. A listener for data makes it read through the socket again.
 */
function detach(socket: Socket): void {
  const none = () => {};
  socket.on('data', none);
  socket.removeAllListeners('data');
  for (const listener of socket.listeners('end')) {
    if (listener.name.includes('socketOnEnd')) socket.off('end', listener as () => void);
  }
  // The reader of the stream learns of a broken connection; without one there is nobody to tell.
  socket.on('error', none);
  socket.pause();
  // As if it had never flowed, so that the next listener for data starts it. Types have it read-only, Node does not.
  Object.assign(socket, { readableFlowing: null });
}

/** A chunked body and the raw connection that answers it. */
class TakenExchange extends Duplex {
  readonly #req: IncomingMessage;
  readonly #socket: Socket;

  constructor(req: IncomingMessage, socket: Socket) {
    super({ allowHalfOpen: true });
    this.#req = req;
    this.#socket = socket;
    socket.once('close', () => this.destroy());
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
    this.#socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
