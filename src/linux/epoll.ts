import { close } from './fd.ts';
import { check, libc } from './libc.ts';

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;

/** Readiness bits of epoll(7). HANGUP and ERROR are always reported. */
export const READABLE = 0x1;
export const WRITABLE = 0x4;
export const ERROR = 0x8;
export const HANGUP = 0x10;

/** The kernel packs struct epoll_event on x86-64 alone. */
const EVENT_SIZE = process.arch === 'x64' ? 12 : 16;
const DATA_OFFSET = process.arch === 'x64' ? 4 : 8;
const MAX_EVENTS = 64;

const createCall = libc.func('int epoll_create1(int flags)');
const ctlCall = libc.func('int epoll_ctl(int epfd, int op, int fd, const uint8_t *event)');
const waitCall = libc.func('int epoll_wait(int epfd, _Out_ uint8_t *events, int max, int timeout)');

/** A set of descriptors to wait on, epoll(7), level-triggered. `wait` blocks the thread: for workers only. */
export class Epoll {
  readonly #fd = check(createCall(EPOLL_CLOEXEC), 'epoll_create1');
  readonly #events = Buffer.alloc(EVENT_SIZE * MAX_EVENTS);
  readonly #event = Buffer.alloc(EVENT_SIZE);

  add(fd: number, interest: number): void {
    this.#control(EPOLL_CTL_ADD, fd, interest);
  }

  modify(fd: number, interest: number): void {
    this.#control(EPOLL_CTL_MOD, fd, interest);
  }

  remove(fd: number): void {
    this.#control(EPOLL_CTL_DEL, fd, 0);
  }

  /** Blocks until a descriptor is ready, then gives each ready one with its bits. An interrupted wait gives none. */
  wait(): Array<{ fd: number; ready: number }> {
    const count = waitCall(this.#fd, this.#events, MAX_EVENTS, -1);
    const ready = [];
    for (let i = 0; i < count; i++) {
      const at = i * EVENT_SIZE;
      ready.push({
        ready: this.#events.readUInt32LE(at),
        fd: this.#events.readInt32LE(at + DATA_OFFSET),
      });
    }
    return ready;
  }

  close(): void {
    close(this.#fd);
  }

  #control(operation: number, fd: number, interest: number): void {
    this.#event.writeUInt32LE(interest, 0);
    this.#event.writeInt32LE(fd, DATA_OFFSET);
    check(ctlCall(this.#fd, operation, fd, this.#event), 'epoll_ctl', `fd ${fd}`);
  }
}
