import { close } from './fd.ts';
import { check, libc } from './libc.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;

const socketCall = libc.func('int socket(int domain, int type, int protocol)');
const sendtoCall = libc.func(
  'intptr_t sendto(int fd, const uint8_t *bytes, size_t size, int flags, const uint8_t *address, uint32_t length)',
);

/**
 * Tells the service manager how the service is doing, by the protocol of sd_notify(3): lines such as `READY=1`. False when
 * nobody asked to be told. Throws SyscallError when the manager cannot be reached.
 */
export function notifyManager(lines: readonly string[], path = process.env.NOTIFY_SOCKET): boolean {
  if (!path) return false;
  const address = Buffer.alloc(2 + Buffer.byteLength(path) + (path.startsWith('@') ? 0 : 1));
  address.writeUInt16LE(AF_UNIX, 0);
  address.write(path, 2);
  // A leading @ stands for the zero byte of an abstract address, whose length counts.
  if (path.startsWith('@')) address[2] = 0;
  const message = Buffer.from(lines.join('\n'));
  const fd = check(socketCall(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), 'socket');
  try {
    check(sendtoCall(fd, message, message.length, MSG_NOSIGNAL, address, address.length), 'sendto', path);
    return true;
  } finally {
    close(fd);
  }
}
