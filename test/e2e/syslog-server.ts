import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** Where a test's syslog server is asked to be. */
export type Place = { readonly path: string } | { readonly port: number; readonly host: string };

/** A syslog server of the test's own on stream sockets: it keeps what it is sent, and can stop reading, and die. */
export class SyslogServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #text = '';
  reads = true;

  private constructor(server: Server) {
    this.#server = server;
    server.on(
      server.listenerCount('secureConnection') > 0 ? 'secureConnection' : 'connection',
      (socket: Socket) => {
        this.#sockets.add(socket);
        socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {});
        if (!this.reads) socket.pause();
        else
          socket.on('data', (chunk) => {
            this.#text += chunk;
          });
      },
    );
  }

  static async listen(place: Place, tls?: TlsOptions): Promise<SyslogServer> {
    const server = tls ? createTlsServer(tls) : createServer();
    if (tls) server.on('secureConnection', () => {});
    const it = new SyslogServer(server);
    server.listen(place);
    await once(server, 'listening');
    return it;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Everything that has come. */
  get text(): string {
    return this.#text;
  }

  /** The messages that have come, without what syslog puts before them. */
  get messages(): string[] {
    return this.#text.split('\n').flatMap((line) => /\]: (.*)$/.exec(line)?.[1] ?? []);
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** The datagrams that come to a UDP port of the loopback interface. */
export class UdpServer implements Disposable {
  readonly #socket = createSocket('udp4');
  readonly datagrams: string[] = [];

  static async listen(): Promise<UdpServer> {
    const it = new UdpServer();
    it.#socket.on('message', (message) => it.datagrams.push(String(message)));
    it.#socket.bind(0, '127.0.0.1');
    await once(it.#socket, 'listening');
    return it;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
