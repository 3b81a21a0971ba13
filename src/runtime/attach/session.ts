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
import type { Spill } from './spill.ts';

/** conmon's packets: one byte that names the pipe, then at most this much output. */
const PACKET_SIZE = 1 + 32 * 1024;
const PACKET_STDOUT = 2;
const PACKET_STDERR = 3;
/** conmon reads its input in pieces of this size; a longer packet would be cut off. */
const INPUT_SIZE = 8 * 1024;

/** The space before a packet's payload: the packet's own first byte lies in it, so that framing needs no copy. */
const LEAD = FRAME_HEADER_SIZE - 1;

/** A client that is so far behind is waited for; its container then stands still, as behind any full pipe. */
const MAX_BEHIND = 1024 * 1024 * 1024;
/** How many packets of one container may go before another's turn. */
const TURN = 64;

/** What a session passes on, and how. */
export interface SessionOptions {
  readonly framed: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/**
 * One attached client inside the relay thread: packets from conmon's SOCK_SEQPACKET socket go framed into `relay`, a
 * stream socket whose other end the engine has; what the engine writes there goes back as input. Output for a client that
 * does not read goes to a file, so that it holds up neither the container nor the engine; input waits for the container.
 */
export class Session {
  readonly conmon: number;
  readonly relay: number;
  readonly #epoll: Epoll;
  readonly #options: SessionOptions;
  readonly #packet = Buffer.allocUnsafe(LEAD + PACKET_SIZE);
  readonly #input = Buffer.allocUnsafe(INPUT_SIZE);
  readonly #spill: Spill;
  readonly #spilt = Buffer.allocUnsafe(PACKET_SIZE);
  #toRelay: Buffer | undefined;
  #toConmon: Buffer | undefined;
  #inputOpen = true;
  #outputOpen = true;
  #gone = false;

  constructor(epoll: Epoll, conmon: number, relay: number, options: SessionOptions, spill: Spill) {
    this.#spill = spill;
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
      this.#gone = true;
    }
    if (!this.#gone && (this.#outputOpen || this.#behind)) {
      this.#setInterest();
      return true;
    }
    this.close();
    return false;
  }

  /** Whether the client has still to get what came before. */
  get #behind(): boolean {
    return this.#toRelay !== undefined || this.#spill.size > 0;
  }

  close(): void {
    this.#spill.close();
    this.#epoll.remove(this.conmon);
    this.#epoll.remove(this.relay);
    close(this.conmon);
    close(this.relay);
  }

  #fromConmon(ready: number): void {
    if (this.#toConmon !== undefined && ready & WRITABLE) this.#flushToConmon();
    for (let turn = 0; turn < TURN && this.#outputOpen && this.#spill.size < MAX_BEHIND; turn++) {
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
    if (this.#options.framed) writeFrameHeader(this.#packet, stream, size - 1);
    const bytes = this.#packet.subarray(this.#options.framed ? 0 : FRAME_HEADER_SIZE, LEAD + size);
    const left = this.#behind ? bytes : rest(bytes, (piece) => write(this.relay, piece));
    if (left !== undefined) this.#spill.append(left);
  }

  /** Gives the client as much as it takes of what it is behind with. */
  #catchUp(): void {
    do {
      this.#toRelay ??= this.#nextSpilt();
      this.#toRelay = rest(this.#toRelay, (bytes) => write(this.relay, bytes));
    } while (this.#toRelay === undefined && this.#spill.size > 0);
  }

  #nextSpilt(): Buffer | undefined {
    const count = this.#spill.take(this.#spilt);
    return count === 0 ? undefined : this.#spilt.subarray(0, count);
  }

  #flushToConmon(): void {
    this.#toConmon = rest(this.#toConmon, (bytes) => send(this.conmon, bytes));
  }

  #fromRelay(ready: number): void {
    if (this.#behind && ready & WRITABLE) this.#catchUp();
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
    if (ready & HANGUP) this.#gone = true;
  }

  #setInterest(): void {
    const full = this.#spill.size >= MAX_BEHIND || !this.#outputOpen;
    const waiting = this.#toConmon !== undefined;
    this.#epoll.modify(this.conmon, (full ? 0 : READABLE) | (waiting ? WRITABLE : 0));
    this.#epoll.modify(
      this.relay,
      (this.#inputOpen && !waiting ? READABLE : 0) | (this.#behind ? WRITABLE : 0),
    );
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
