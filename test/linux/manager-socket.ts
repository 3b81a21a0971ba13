import { check, libc } from '../../src/linux/index.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;

const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, const uint8_t *address, uint32_t length)');
const recv = libc.func('intptr_t recv(int fd, _Out_ uint8_t *buffer, size_t size, int flags)');
const close = libc.func('int close(int fd)');

/** The socket of a service manager: NOTIFY_SOCKET. */
export class ManagerSocket implements Disposable {
  readonly #fd: number;

  constructor(path: string) {
    const name = Buffer.from(path.replace(/^@/, '\0'));
    const address = Buffer.concat([
      Buffer.from([AF_UNIX, 0]),
      name,
      ...(path.startsWith('@') ? [] : [Buffer.alloc(1)]),
    ]);
    this.#fd = check(socket(AF_UNIX, SOCK_DGRAM, 0), 'socket');
    check(bind(this.#fd, address, address.length), 'bind', path);
  }

  /** The messages that have arrived. */
  receive(): string[] {
    const messages: string[] = [];
    const buffer = Buffer.alloc(4096);
    for (;;) {
      const size = Number(recv(this.#fd, buffer, buffer.length, MSG_DONTWAIT));
      if (size < 0) return messages;
      messages.push(buffer.toString('utf8', 0, size));
    }
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}
