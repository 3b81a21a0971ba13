import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { decode, type Packet } from 'dns-packet';
import {
  addressBytes,
  boundSocket,
  close,
  type InetSocket,
  Netlink,
  redirectTable,
} from '../../linux/index.ts';
import { type DnsView, localAnswers } from './answer.ts';
import type { Names } from './names.ts';
import { encodeResponse } from './response.ts';
import { framed, frames } from './tcp-frames.ts';
import type { Forwarder, Upstream } from './upstream.ts';

/** Where containers look for their name server: Docker's choice, which many a configuration file has. */
export const NAME_SERVER = '127.0.0.11';

const PORT = 53;
const TABLE = 'berth-dns';
/** A client that says nothing for so many milliseconds is let go. */
const IDLE = 10_000;
/** More clients over TCP than this are a fault of one of them. */
const MAX_CLIENTS = 64;
/** A header alone; less is no message. */
const MIN_SIZE = 12;
/** Operation code 0 is a query. */
const OPCODE_MASK = 0x78;

/** What one container's name server answers from. Both are asked anew for every query. */
export interface DnsClient {
  view(): DnsView;
  /** Who is asked what the engine does not know. */
  upstreams(): readonly Upstream[];
}

interface Sockets {
  readonly udp: InetSocket;
  readonly tcp: InetSocket;
}

/**
 * The name server of one container, on sockets inside its network namespace. They have ports of their own, to which
 * queries for port 53 are redirected: so a name server that the container itself runs on port 53 finds it free.
 */
export class NameServer implements Disposable {
  readonly #client: DnsClient;
  readonly #names: Names;
  readonly #forwarder: Forwarder;
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #connections = new Set<Socket>();
  readonly #ending = new AbortController();

  private constructor(sockets: Sockets, client: DnsClient, names: Names, forwarder: Forwarder) {
    this.#client = client;
    this.#names = names;
    this.#forwarder = forwarder;
    // Addresses need no look-up of Node's.
    this.#udp = createSocket({ type: 'udp4', lookup: (host, _options, done) => done(null, host, 4) });
    this.#udp.on('message', (query, from) => {
      void this.#answer(query, 'udp').then((answer) => {
        if (answer !== undefined && !this.#ending.signal.aborted) {
          this.#udp.send(answer, from.port, from.address, () => {});
        }
      });
    });
    // A message that cannot be delivered shows as an error of the socket; the next one may be.
    this.#udp.on('error', () => {});
    this.#udp.bind({ fd: sockets.udp.fd });
    // A client may close its side as soon as it has asked.
    this.#tcp = createServer({ allowHalfOpen: true }, (socket) => void this.#serve(socket));
    this.#tcp.on('error', () => {});
    this.#tcp.maxConnections = MAX_CLIENTS;
    this.#tcp.listen({ fd: sockets.tcp.fd });
  }

  /**
   * Opens a name server in the network namespace that the thread is in now, whose loopback interface must be up. An
   * earlier engine's is replaced. Throws SyscallError.
   */
  static open(client: DnsClient, names: Names, forwarder: Forwarder): NameServer {
    using undo = new DisposableStack();
    const udp = boundSocket('udp', NAME_SERVER, 0);
    undo.defer(() => close(udp.fd));
    const tcp = boundSocket('tcp', NAME_SERVER, 0);
    undo.defer(() => close(tcp.fd));
    using netlink = new Netlink('netfilter');
    const address = addressBytes(NAME_SERVER)!;
    netlink.transact(
      ...redirectTable(TABLE, [
        { protocol: 'udp', address, port: PORT, toPort: udp.port },
        { protocol: 'tcp', address, port: PORT, toPort: tcp.port },
      ]),
    );
    undo.move();
    return new NameServer({ udp, tcp }, client, names, forwarder);
  }

  [Symbol.dispose](): void {
    this.#ending.abort();
    this.#udp.close();
    this.#tcp.close();
    for (const connection of this.#connections) connection.destroy();
  }

  async #serve(socket: Socket): Promise<void> {
    this.#connections.add(socket);
    socket.setTimeout(IDLE, () => socket.destroy());
    try {
      for await (const query of frames(socket)) {
        const answer = await this.#answer(query, 'tcp');
        if (answer !== undefined) socket.write(framed(answer));
      }
      socket.end();
    } catch {
      // The client has gone.
    } finally {
      this.#connections.delete(socket);
    }
  }

  /** Undefined where there is nothing to say: to what is no query at all. Never throws. */
  async #answer(message: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    if (message.length < MIN_SIZE || message[2]! >= 0x80) return undefined;
    const query = read(message);
    if (query === undefined) return encodeResponse(message, {}, transport, [], 'FORMERR');
    if ((message[2]! & OPCODE_MASK) !== 0) return encodeResponse(message, query, transport, [], 'NOTIMP');
    const known = localAnswers(query, this.#client.view(), this.#names);
    if (known !== undefined) return encodeResponse(message, query, transport, known);
    const answer = await this.#forwarder.ask(
      message,
      transport,
      this.#client.upstreams(),
      this.#ending.signal,
    );
    if (answer === 'busy') return encodeResponse(message, query, transport, [], 'REFUSED');
    return answer ?? encodeResponse(message, query, transport, [], 'SERVFAIL');
  }
}

/** A query with one question; undefined when the bytes are none. */
function read(message: Buffer): Packet | undefined {
  try {
    const query = decode(message);
    return query.questions?.length === 1 ? query : undefined;
  } catch {
    return undefined;
  }
}
