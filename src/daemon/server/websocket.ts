import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { InvalidArgument } from '../../api/index.ts';
import type { UpgradeParts } from './hijack.ts';

/** What a client sends in one message: keys as a rule, a file at most. */
const MAX_MESSAGE = 16 * 1024 * 1024;
const NORMAL_CLOSURE = 1000;

/** Makes the handshake of RFC 6455 with a client that asked for it. Throws InvalidArgument, and nothing has been sent then. */
export function acceptWebSocket(req: IncomingMessage, parts: UpgradeParts): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_MESSAGE });
    server.on('wsClientError', ({ message }) =>
      reject(new InvalidArgument(`bad websocket request: ${message}`)),
    );
    server.handleUpgrade(req, parts.socket, parts.head, resolve);
  });
}

/**
 * A websocket as a stream of bytes, whatever messages they come in. Each write is one message, binary or text. There is no
 * closing of one side alone: `end()` closes the connection, and the client's closing ends and destroys the stream.
 */
export class WebSocketStream extends Duplex {
  readonly #socket: WebSocket;
  readonly #binary: boolean;

  constructor(socket: WebSocket, binary: boolean) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.#binary = binary;
    socket.on('message', (data) => {
      // The package hands out one Buffer unless it is told otherwise.
      if (!this.push(data as Buffer)) socket.pause();
    });
    // What the client sent before it went is still to be read.
    socket.on('close', () => {
      this.push(null);
      this.once('end', () => this.destroy()).resume();
    });
    // 'close' follows.
    socket.on('error', () => {});
  }

  override _read(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.send(chunk, { binary: this.#binary }, (error) => done(error));
  }

  override _final(done: () => void): void {
    this.#socket.close(NORMAL_CLOSURE);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // One that is being closed ends by itself, when the client has been told.
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.terminate();
    done(error);
  }
}
