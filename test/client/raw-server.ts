import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A server on a unix socket that says exactly the bytes it is told to. */
export class RawServer implements AsyncDisposable {
  readonly path: string;
  /** Connections accepted so far. */
  connections = 0;
  readonly #dir: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(dir: string, answer: (socket: Socket, request: string) => void) {
    this.#dir = dir;
    this.path = join(dir, 'raw.sock');
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on('error', () => {});
      let head = '';
      socket.on('data', (bytes) => {
        head += bytes.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        const request = head;
        head = '';
        answer(socket, request);
      });
    });
  }

  /** Starts one; `answer` is called with each request, head and whatever of its body came along. */
  static async start(answer: (socket: Socket, request: string) => void): Promise<RawServer> {
    const server = new RawServer(await mkdtemp(join(tmpdir(), 'berth-raw-')), answer);
    await new Promise<void>((resolve) => server.#server.listen(server.path, resolve));
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#dir, { recursive: true, force: true });
  }
}
