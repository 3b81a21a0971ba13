import { rmSync } from 'node:fs';
import koffi from 'koffi';
import { close, orWouldBlock, WOULD_BLOCK } from './fd.ts';
import { check, libc, SyscallError } from './libc.ts';
import { unixAddress } from './socket.ts';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const EBADMSG = 74;
/** struct cmsghdr on 64-bit machines, before its data. */
const CONTROL_HEADER = 16;
const CONTROL_SIZE = 64;

const iovec = koffi.struct('berth_iovec', { base: 'void *', length: 'size_t' });
koffi.struct('berth_msghdr', {
  name: 'void *',
  nameLength: 'uint32_t',
  iov: koffi.pointer(iovec),
  iovLength: 'size_t',
  control: 'void *',
  controlLength: 'size_t',
  flags: 'int',
});

const socketCall = libc.func('int socket(int domain, int type, int protocol)');
const bindCall = libc.func('int bind(int fd, const uint8_t *address, uint32_t length)');
const listenCall = libc.func('int listen(int fd, int backlog)');
const acceptCall = libc.func('int accept4(int fd, void *address, void *length, int flags)');
const recvmsgCall = libc.func('intptr_t recvmsg(int fd, _Inout_ berth_msghdr *message, int flags)');

/** Listens on a unix socket, non-blocking. Gives the descriptor. Throws SyscallError. */
export function listenUnix(path: string): number {
  rmSync(path, { force: true });
  const fd = check(socketCall(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), 'socket');
  try {
    const address = unixAddress(path);
    check(bindCall(fd, address, address.length), 'bind', path);
    check(listenCall(fd, 1), 'listen', path);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/**
 * Accepts one connection on `listening` and gives the descriptor that is sent over it, unix(7) SCM_RIGHTS: how an OCI
 * runtime hands over a terminal. Blocks until it has come. WOULD_BLOCK when nobody has connected. Throws SyscallError.
 */
export function receiveFd(listening: number): number {
  const connection = orWouldBlock(acceptCall(listening, null, null, SOCK_CLOEXEC), 'accept4');
  if (connection === WOULD_BLOCK) return WOULD_BLOCK;
  try {
    const control = Buffer.alloc(CONTROL_SIZE);
    const name = Buffer.alloc(4096);
    const message = {
      name: null,
      nameLength: 0,
      iov: [{ base: name, length: name.length }],
      iovLength: 1,
      control,
      controlLength: control.length,
      flags: 0,
    };
    check(recvmsgCall(connection, message, MSG_CMSG_CLOEXEC), 'recvmsg');
    const rights = control.readInt32LE(8) === SOL_SOCKET && control.readInt32LE(12) === SCM_RIGHTS;
    if (!rights) throw new SyscallError('recvmsg', EBADMSG, 'without a descriptor');
    return control.readInt32LE(CONTROL_HEADER);
  } finally {
    close(connection);
  }
}
