import { FRAME_HEADER_SIZE, STDERR, STDOUT, writeFrameHeader } from '../../api/index.ts';
import {
  close,
  type Epoll,
  HANGUP,
  READABLE,
  read,
  receive,
  send,
  shutdownWrite,
  WOULD_BLOCK,
  WRITABLE,
  write,
} from '../../linux/index.ts';

/** conmon's packets: one byte that names the pipe, then at most this much output. */
const PACKET_SIZE = 1 + 32 * 1024;
const PACKET_STDOUT = 2;
const PACKET_STDERR = 3;
/** conmon reads its input in pieces of this size; a longer packet would be cut off. */
const INPUT_SIZE = 8 * 1024;

/** The space before a packet's payload: the packet's own first byte lies in it, so that framing needs no copy. */
const LEAD = FRAME_HEADER_SIZE - 1;

/** What a session passes on, and how. */
export interface SessionOptions {
  readonly framed: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/**
 * One attached client inside the relay thread: packets from conmon's SOCK_SEQPACKET socket go framed into `relay`, a
 * stream socket whose other end the engine has; what the engine writes there goes back as input. Neither side is read
 * while the other is full, so a slow client holds no memory.
 */
export class Session {
  readonly conmon: number;
  readonly relay: number;
  readonly #epoll: Epoll;
  readonly #options: SessionOptions;
  readonly #packet = Buffer.allocUnsafe(LEAD + PACKET_SIZE);
  readonly #input = Buffer.allocUnsafe(INPUT_SIZE);
  #toRelay: Buffer | undefined;
  #toConmon: Buffer | undefined;
  #inputOpen = true;
  #outputOpen = true;

  constructor(epoll: Epoll, conmon: number, relay: number, options: SessionOptions) {
    this.#epoll = epoll;
    this.conmon = conmon;
    this.relay = relay;
    this.#options = options;
    epoll.add(conmon, READABLE);
    epoll.add(relay, READABLE);
  }

  /** Moves what can be moved now. Gives false when the session is over and has been closed. */
  advance(fd: number, ready: number): boolean {
    try {
      if (fd === this.conmon) this.#fromConmon(ready);
      else this.#fromRelay(ready);
    } catch {
      // Either end is gone: for the client this is the end of the stream, and the engine knows the exit by itself.
      this.#outputOpen = false;
    }
    if (this.#outputOpen) {
      this.#setInterest();
      return true;
    }
    this.close();
    return false;
  }

  close(): void {
    this.#epoll.remove(this.conmon);
    this.#epoll.remove(this.relay);
    close(this.conmon);
    close(this.relay);
  }

  #fromConmon(ready: number): void {
    if (this.#toConmon !== undefined && ready & WRITABLE) this.#flushToConmon();
    while (this.#outputOpen && this.#toRelay === undefined) {
      const size = receive(this.conmon, this.#packet.subarray(LEAD));
      if (size === WOULD_BLOCK) return;
      if (size === 0) this.#outputOpen = false;
      else this.#pass(size);
    }
  }

  #pass(size: number): void {
    const pipe = this.#packet[LEAD];
    const stream = pipe === PACKET_STDERR ? STDERR : STDOUT;
    const wanted = stream === STDERR ? this.#options.stderr : this.#options.stdout;
    if (!wanted || (pipe !== PACKET_STDOUT && pipe !== PACKET_STDERR)) return;
    const end = LEAD + size;
    if (this.#options.framed) {
      writeFrameHeader(this.#packet, stream, size - 1);
      this.#toRelay = this.#packet.subarray(0, end);
    } else {
      this.#toRelay = this.#packet.subarray(FRAME_HEADER_SIZE, end);
    }
    this.#flushToRelay();
  }

  #flushToRelay(): void {
    this.#toRelay = rest(this.#toRelay, (bytes) => write(this.relay, bytes));
  }

  #flushToConmon(): void {
    this.#toConmon = rest(this.#toConmon, (bytes) => send(this.conmon, bytes));
  }

  #fromRelay(ready: number): void {
    if (this.#toRelay !== undefined && ready & WRITABLE) {
      this.#flushToRelay();
      this.#fromConmon(0);
    }
    while (this.#inputOpen && this.#toConmon === undefined) {
      const size = read(this.relay, this.#input);
      if (size === WOULD_BLOCK) break;
      if (size === 0) {
        this.#inputOpen = false;
        shutdownWrite(this.conmon);
        break;
      }
      this.#toConmon = this.#input.subarray(0, size);
      this.#flushToConmon();
    }
    // Both directions of the engine's end are closed: nobody is left to read.
    if (ready & HANGUP) this.#outputOpen = false;
  }

  #setInterest(): void {
    const full = this.#toRelay !== undefined;
    const behind = this.#toConmon !== undefined;
    this.#epoll.modify(this.conmon, (full ? 0 : READABLE) | (behind ? WRITABLE : 0));
    this.#epoll.modify(this.relay, (this.#inputOpen && !behind ? READABLE : 0) | (full ? WRITABLE : 0));
  }
}

/** Writes what it can of `pending` and gives what is left, or undefined when nothing is. */
function rest(pending: Buffer | undefined, put: (bytes: Buffer) => number): Buffer | undefined {
  let left = pending;
  while (left !== undefined) {
    const taken = put(left);
    if (taken === WOULD_BLOCK) return left;
    left = taken === left.length ? undefined : left.subarray(taken);
  }
  return undefined;
}
