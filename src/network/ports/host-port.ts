import { boundSocket, close, listenOn, SyscallError } from '../../linux/index.ts';
import type { PublishedPort } from './port.ts';
import { type Destination, type Relay, TcpRelay, UdpRelay } from './relay.ts';

const BACKLOG = 511;

/**
 * A port of the host that is kept for a container by a socket that is bound to it, so that no program of the host takes it
 * and one that has it already is noticed. The packet filter takes packets away before they reach the socket; where it cannot,
 * the socket itself is made to pass them on. Throws SyscallError: EADDRINUSE, EADDRNOTAVAIL ...
 */
export class HostPort implements Disposable {
  readonly port: PublishedPort;
  #fd: number | undefined;
  #relay: Relay | undefined;

  constructor(port: PublishedPort, relayed: boolean) {
    this.port = port;
    this.#fd = bind(port, relayed);
  }

  /**
   * Passes on what comes to the socket itself; undefined: no more. Does nothing for SCTP, which Node does not speak.
   */
  relay(destination: Destination | undefined): void {
    if (this.#relay === undefined && destination !== undefined) this.#relay = this.#open();
    if (this.#relay !== undefined) this.#relay.destination = destination;
  }

  /** From here on the relay has the descriptor, and closes it. */
  #open(): Relay | undefined {
    const { protocol, hostAddress } = this.port;
    const fd = this.#fd;
    if (fd === undefined || protocol === 'sctp') return undefined;
    this.#fd = undefined;
    return protocol === 'tcp' ? new TcpRelay(fd) : new UdpRelay(fd, hostAddress.includes(':'));
  }

  [Symbol.dispose](): void {
    this.#relay?.[Symbol.dispose]();
    if (this.#fd !== undefined) close(this.#fd);
    this.#fd = undefined;
  }
}

function bind({ protocol, hostAddress, hostPort }: PublishedPort, relayed: boolean): number | undefined {
  try {
    return boundSocket(protocol, hostAddress, hostPort, relayed && protocol === 'tcp').fd;
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    // A kernel without sockets of SCTP can still translate its packets.
    if (protocol === 'sctp' && ['EPROTONOSUPPORT', 'ESOCKTNOSUPPORT'].includes(error.code)) return undefined;
    if (protocol === 'tcp' && error.code === 'EADDRINUSE' && !relayed)
      return bindAmongFading(hostAddress, hostPort);
    throw error;
  }
}

/**
 * Connections of the port's last user fade out for a minute, and only a socket that reuses the address may have it then. It
 * has to listen: one that does not would share the port with every other such socket.
 */
function bindAmongFading(hostAddress: string, hostPort: number): number {
  const { fd } = boundSocket('tcp', hostAddress, hostPort, true);
  try {
    listenOn(fd, BACKLOG);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}
