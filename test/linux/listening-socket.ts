import { check, libc } from '../../src/linux/index.ts';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const BACKLOG = 16;

const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, const uint8_t *address, uint32_t length)');
const listen = libc.func('int listen(int fd, int backlog)');

/** A listening unix socket on which nobody accepts, as a service manager hands it over. Gives its descriptor. */
export function listeningSocket(path: string): number {
  const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(`${path}\0`)]);
  const fd = check(socket(AF_UNIX, SOCK_STREAM, 0), 'socket');
  check(bind(fd, address, address.length), 'bind', path);
  check(listen(fd, BACKLOG), 'listen', path);
  return fd;
}
