import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Where the packets go. */
export interface Destination {
  readonly address: string;
  readonly port: number;
}

/** Passes on what comes to a socket. */
export interface Relay extends Disposable {
  destination: Destination | undefined;
}

/** A UDP client that is silent for so long is forgotten, in milliseconds; conntrack forgets an answered one as soon. */
const UDP_IDLE = 120_000;
/** More clients than this over UDP at a time are let in only as others go. */
const UDP_CLIENTS = 1024;

/**
 * Passes connections on from a bound socket, for addresses by which the kernel cannot: ::1, and IPv6 for a container without
 * it. The container sees the host as its client. It takes the descriptor over.
 */
export class TcpRelay implements Relay {
  /** Undefined while there is none: then connections are closed. */
  destination: Destination | undefined;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  constructor(fd: number) {
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
      if (this.destination === undefined) {
        client.destroy();
        return;
      }
      const { address: host, port } = this.destination;
      this.#join(client, connect({ host, port, allowHalfOpen: true }));
    });
    this.#server.on('error', () => {});
    this.#server.listen({ fd });
  }

  #join(client: Socket, server: Socket): void {
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#open.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        this.#open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
    client.setNoDelay(true);
    server.setNoDelay(true);
  }

  [Symbol.dispose](): void {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }
}

interface Session {
  readonly socket: UdpSocket;
  readonly to: Destination;
  timer: NodeJS.Timeout;
}

/** As `TcpRelay`, for datagrams: each client gets a socket of its own towards the container, for answers to find back. */
export class UdpRelay implements Relay {
  destination: Destination | undefined;
  readonly #socket: UdpSocket;
  readonly #sessions = new Map<string, Session>();

  constructor(fd: number, ipv6: boolean) {
    this.#socket = createSocket({ type: ipv6 ? 'udp6' : 'udp4', ipv6Only: ipv6 });
    this.#socket.on('message', (message, from) => this.#pass(message, from));
    this.#socket.on('error', () => {});
    this.#socket.bind({ fd });
  }

  #pass(message: Buffer, from: RemoteInfo): void {
    const key = `${from.address} ${from.port}`;
    const session = this.#sessions.get(key) ?? this.#begin(key, from);
    if (session === undefined) return;
    session.timer.refresh();
    session.socket.send(message, session.to.port, session.to.address, () => {});
  }

  #begin(key: string, from: RemoteInfo): Session | undefined {
    const to = this.destination;
    if (to === undefined || this.#sessions.size >= UDP_CLIENTS) return undefined;
    const { address, port } = to;
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const end = () => {
      this.#sessions.delete(key);
      socket.close();
    };
    const session = { socket, to, timer: setTimeout(end, UDP_IDLE).unref() };
    socket.on('error', () => {});
    socket.on('message', (answer, sender) => {
      if (sender.port !== port) return;
      session.timer.refresh();
      this.#socket.send(answer, from.port, from.address, () => {});
    });
    this.#sessions.set(key, session);
    return session;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
    for (const { socket, timer } of this.#sessions.values()) {
      clearTimeout(timer);
      socket.close();
    }
    this.#sessions.clear();
  }
}
