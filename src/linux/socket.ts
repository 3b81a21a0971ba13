import { closeSync, constants, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { close, orWouldBlock } from './fd.ts';
import { check, libc } from './libc.ts';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_SEQPACKET = 5;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SHUT_WR = 1;
const MSG_NOSIGNAL = 0x4000;
/** Size of sun_path in sockaddr_un, see unix(7). */
const SUN_PATH_SIZE = 108;

const socketCall = libc.func('int socket(int domain, int type, int protocol)');
const connectCall = libc.func('int connect(int fd, const uint8_t *address, uint32_t length)');
const socketpairCall = libc.func('int socketpair(int domain, int type, int protocol, _Out_ int *fds)');
const recvCall = libc.func('intptr_t recv(int fd, _Out_ uint8_t *buffer, size_t size, int flags)');
const sendCall = libc.func('intptr_t send(int fd, const uint8_t *buffer, size_t size, int flags)');
const shutdownCall = libc.func('int shutdown(int fd, int how)');

/** A sockaddr_un for a path that fits into it. */
export function unixAddress(path: string): Buffer {
  const bytes = Buffer.from(path);
  const address = Buffer.alloc(2 + bytes.length + 1);
  address.writeUInt16LE(AF_UNIX, 0);
  bytes.copy(address, 2);
  return address;
}

/** Connects a non-blocking SOCK_SEQPACKET socket to a path of any length. Gives the descriptor. Throws SyscallError. */
export function connectSeqpacket(path: string): number {
  return connectUnix(path, SOCK_SEQPACKET);
}

/** Connects a non-blocking SOCK_DGRAM socket to a path of any length. Gives the descriptor. Throws SyscallError. */
export function connectDatagram(path: string): number {
  return connectUnix(path, SOCK_DGRAM);
}

/** A path that is too long for the kernel's address is reached through its folder's descriptor. */
function connectUnix(path: string, type: number): number {
  const folder =
    Buffer.byteLength(path) < SUN_PATH_SIZE
      ? -1
      : openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  const address = unixAddress(folder < 0 ? path : `/proc/self/fd/${folder}/${basename(path)}`);
  const fd = check(socketCall(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), 'socket');
  try {
    check(connectCall(fd, address, address.length), 'connect', path);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  } finally {
    if (folder >= 0) closeSync(folder);
  }
}

/** Two connected, non-blocking stream sockets. */
export function streamPair(): [number, number] {
  const fds = [0, 0];
  check(socketpairCall(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 'socketpair');
  return [fds[0]!, fds[1]!];
}

/** Two connected stream sockets on which calls wait: one end is for a worker thread, the other for a `net.Socket`. */
export function blockingStreamPair(): [number, number] {
  const fds = [0, 0];
  check(socketpairCall(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 'socketpair');
  return [fds[0]!, fds[1]!];
}

/** recv(2): the bytes of one packet, 0 at the end, WOULD_BLOCK when there is none yet. */
export function receive(fd: number, buffer: Buffer): number {
  return orWouldBlock(recvCall(fd, buffer, buffer.length, 0), 'recv');
}

/** send(2), without a SIGPIPE: the number of bytes taken, or WOULD_BLOCK. */
export function send(fd: number, bytes: Buffer): number {
  return orWouldBlock(sendCall(fd, bytes, bytes.length, MSG_NOSIGNAL), 'send');
}

/** Tells the other end that nothing more will be sent; a peer that has already gone is no error. */
export function shutdownWrite(fd: number): void {
  shutdownCall(fd, SHUT_WR);
}
