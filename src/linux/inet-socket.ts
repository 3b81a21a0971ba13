import { close } from './fd.ts';
import { check, libc, SyscallError } from './libc.ts';
import { addressBytes } from './netlink-address.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_SCTP = 132;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const EINVAL = 22;
/** Room for a sockaddr_in6, the longer of the two. */
const ADDRESS_SIZE = 28;

const socketCall = libc.func('int socket(int domain, int type, int protocol)');
const bindCall = libc.func('int bind(int fd, const uint8_t *address, uint32_t length)');
const connectCall = libc.func('int connect(int fd, const uint8_t *address, uint32_t length)');
const listenCall = libc.func('int listen(int fd, int backlog)');
const setsockoptCall = libc.func(
  'int setsockopt(int socket, int level, int option, const int32_t *value, uint32_t size)',
);
const getsocknameCall = libc.func(
  'int getsockname(int fd, _Out_ uint8_t *address, _Inout_ uint32_t *length)',
);

export type SocketKind = 'udp' | 'tcp' | 'sctp';

/** An open socket; the caller closes the descriptor, or gives it to Node, which then does. */
export interface InetSocket {
  readonly fd: number;
  /** The local port. */
  readonly port: number;
}

/**
 * A socket, bound to an address of the network namespace that the thread is in now, to which it belongs for
 * good. Node opens its own only later, when the thread may be elsewhere. Port 0 takes a free one. One of IPv6 leaves IPv4
 * alone. With `reuse` (SO_REUSEADDR) connections that are still fading out do not count. Throws SyscallError.
 */
export function boundSocket(kind: SocketKind, address: string, port: number, reuse = false): InetSocket {
  return opened(kind, address, (fd) => {
    if (address.includes(':')) setsockoptCall(fd, IPPROTO_IPV6, IPV6_V6ONLY, [1], 4);
    if (reuse) setsockoptCall(fd, SOL_SOCKET, SO_REUSEADDR, [1], 4);
    const local = socketAddress(address, port);
    check(bindCall(fd, local, local.length), 'bind', `${address} port ${port}`);
  });
}

/** Lets a bound socket take connections: listen(2). Throws SyscallError. */
export function listenOn(fd: number, backlog: number): void {
  check(listenCall(fd, backlog), 'listen');
}

/**
 * A TCP socket of the present network namespace that is about to be connected: the outcome shows at the first write.
 * Gives the descriptor. Throws SyscallError (ENETUNREACH and the like).
 */
export function connectingSocket(address: string, port: number): number {
  return opened('tcp', address, (fd) => {
    const remote = socketAddress(address, port);
    try {
      check(connectCall(fd, remote, remote.length), 'connect', `${address} port ${port}`);
    } catch (error) {
      if (!(error instanceof SyscallError && error.code === 'EINPROGRESS')) throw error;
    }
  }).fd;
}

function opened(kind: SocketKind, address: string, furnish: (fd: number) => void): InetSocket {
  const family = address.includes(':') ? AF_INET6 : AF_INET;
  const type = (kind === 'udp' ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fd = check(socketCall(family, type, kind === 'sctp' ? IPPROTO_SCTP : 0), 'socket');
  try {
    furnish(fd);
    const local = Buffer.alloc(ADDRESS_SIZE);
    check(getsocknameCall(fd, local, [ADDRESS_SIZE]), 'getsockname');
    return { fd, port: local.readUInt16BE(2) };
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** A sockaddr_in or sockaddr_in6. Throws SyscallError for what is no address. */
function socketAddress(address: string, port: number): Buffer {
  const bytes = addressBytes(address);
  if (bytes === undefined) throw new SyscallError('bind', EINVAL, address);
  const result = Buffer.alloc(bytes.length === 4 ? 16 : ADDRESS_SIZE);
  result.writeUInt16LE(bytes.length === 4 ? AF_INET : AF_INET6, 0);
  result.writeUInt16BE(port, 2);
  bytes.copy(result, bytes.length === 4 ? 4 : 8);
  return result;
}
