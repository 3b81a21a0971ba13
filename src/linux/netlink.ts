import { closeSync } from 'node:fs';
import { check, libc, SyscallError } from './libc.ts';
import {
  decodeAttributes,
  decodeMessages,
  decodeText,
  encodeBatch,
  type NetlinkMessage,
  type NetlinkRequest,
  NLM_F_ACK,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_DUMP,
  NLMSG_DONE,
  NLMSG_ERROR,
} from './netlink-message.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_ROUTE = 0;
const NETLINK_NETFILTER = 12;
const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;
/** A transaction of several thousand elements goes in one piece. */
const TRANSACTION_BUFFER = 8 * 1024 * 1024;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const MSG_DONTWAIT = 0x40;
const NLMSGERR_ATTR_MSG = 1;
const EIO = 5;
const EINTR = 4;
const NLM_F_DUMP_INTR = 0x10;
const DUMP_TRIES = 20;

const socketCall = libc.func('int socket(int domain, int type, int protocol)');
const setsockoptCall = libc.func(
  'int setsockopt(int socket, int level, int option, const int32_t *value, uint32_t size)',
);
const sendCall = libc.func('intptr_t send(int socket, const void *data, size_t size, int flags)');
const recvCall = libc.func('intptr_t recv(int socket, _Out_ void *data, size_t size, int flags)');

/** The kernel puts at most 32 KiB of a dump into one receive. */
const RECEIVE_SIZE = 32 * 1024;
const received = Buffer.alloc(RECEIVE_SIZE);

/** What frames a transaction of nf_tables, see linux/netfilter/nfnetlink.h: the subsystem follows in network order. */
const NF_TABLES = Buffer.from([0, 0, 0, 10]);
const BATCH_BEGIN: NetlinkRequest = { type: 0x10, flags: 0, what: 'nf_tables', body: NF_TABLES };
const BATCH_END: NetlinkRequest = { type: 0x11, flags: 0, what: 'nf_tables', body: NF_TABLES };

/**
 * A netlink(7) socket, of rtnetlink(7) unless told otherwise. It belongs for good to the network namespace in which it was opened, wherever the thread goes
 * afterwards. Calls are synchronous: the kernel does the work inside `send` and the answers are waiting when it returns.
 */
export class Netlink implements Disposable {
  readonly #socket: number;
  #sequence = 1;

  /** Opens a socket in the namespace that the thread is in now. Throws SyscallError. */
  constructor(family: 'route' | 'netfilter' = 'route') {
    const protocol = family === 'route' ? NETLINK_ROUTE : NETLINK_NETFILTER;
    this.#socket = check(socketCall(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), 'socket', 'netlink');
    if (family === 'netfilter') {
      setsockoptCall(this.#socket, SOL_SOCKET, SO_SNDBUFFORCE, [TRANSACTION_BUFFER], 4);
    }
    for (const option of [NETLINK_EXT_ACK, NETLINK_CAP_ACK]) {
      setsockoptCall(this.#socket, SOL_NETLINK, option, [1], 4);
    }
  }

  /**
   * Sends requests in one system call. The kernel carries them out in order and does not stop at a failure, so the
   * caller undoes the whole. Throws a SyscallError for the first that failed, with the kernel's own explanation.
   */
  send(...requests: readonly NetlinkRequest[]): void {
    const first = this.#begin(requests.length);
    this.#transmit(encodeBatch(acknowledgedLast(requests), first), requests[0]!.what);
    this.#settle(requests, first);
  }

  /** As `send`, for requests of nf_tables, as one transaction: all of them are carried out or none. Throws SyscallError. */
  transact(...requests: readonly NetlinkRequest[]): void {
    const first = this.#begin(requests.length + 2);
    const batch = [BATCH_BEGIN, ...acknowledgedLast(requests), BATCH_END];
    this.#transmit(encodeBatch(batch, first), requests[0]!.what);
    this.#settle(requests, first + 1);
  }

  /**
   * As `send`, with the system call in a thread of its own: for requests that make the kernel wait, as deleting a link
   * does (some 20 ms). Nothing else may use the socket until the promise is settled.
   */
  async sendInThread(...requests: readonly NetlinkRequest[]): Promise<void> {
    const first = this.#begin(requests.length);
    const batch = encodeBatch(acknowledgedLast(requests), first);
    await new Promise<void>((resolve, reject) => {
      sendCall.async(this.#socket, batch, batch.length, 0, (error: unknown, sent: number | bigint) => {
        if (error) reject(error);
        else if (Number(sent) < 0) reject(new SyscallError('netlink', EIO, requests[0]!.what));
        else resolve();
      });
    });
    this.#settle(requests, first);
  }

  /**
   * Asks for a list, or for one object when the request has no NLM_F_DUMP. A list that changed while the kernel wrote
   * it is asked for again. Throws SyscallError.
   */
  query(request: NetlinkRequest): NetlinkMessage[] {
    for (let attempt = 0; attempt < DUMP_TRIES; attempt++) {
      const answers = this.#ask(request);
      if (answers.every((answer) => (answer.flags & NLM_F_DUMP_INTR) === 0)) return answers;
    }
    throw new SyscallError('netlink', EINTR, request.what);
  }

  close(): void {
    closeSync(this.#socket);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #ask(request: NetlinkRequest): NetlinkMessage[] {
    const sequence = this.#begin(1);
    const dump = (request.flags & NLM_F_DUMP) === NLM_F_DUMP;
    this.#transmit(encodeBatch([request], sequence), request.what);

    const answers: NetlinkMessage[] = [];
    for (;;) {
      for (const message of this.#receive(request.what)) {
        if (message.sequence !== sequence) continue;
        if (message.type === NLMSG_DONE) return answers;
        if (message.type === NLMSG_ERROR) {
          throw failureIn(message, request.what) ?? new SyscallError('netlink', EIO, request.what);
        }
        // The next receive overwrites the shared buffer.
        answers.push({ ...message, body: Buffer.from(message.body) });
        if (!dump) return answers;
      }
    }
  }

  /** Reads the answers to a batch whose first request has the number `first`; throws the first failure. */
  #settle(requests: readonly NetlinkRequest[], first: number): void {
    const last = requests.length - 1;
    let failure: SyscallError | undefined;
    for (;;) {
      for (const message of this.#receiveOr(failure, requests[last]!.what)) {
        if (message.type !== NLMSG_ERROR || message.sequence < first) continue;
        const index = message.sequence - first;
        failure ??= failureIn(message, requests[index]!.what);
        if (index < last) continue;
        if (failure !== undefined) throw failure;
        return;
      }
    }
  }

  /** A transaction that failed as a whole has no answer for its last request: then its failure is all there is. */
  #receiveOr(failure: SyscallError | undefined, what: string): NetlinkMessage[] {
    try {
      return this.#receive(what);
    } catch (error) {
      throw failure ?? error;
    }
  }

  /** Numbers for the next `count` requests. */
  #begin(count: number): number {
    if (this.#sequence > 0x7fff_0000) this.#sequence = 1;
    const first = this.#sequence;
    this.#sequence += count;
    return first;
  }

  #transmit(data: Buffer, what: string): void {
    check(Number(sendCall(this.#socket, data, data.length, 0)), 'netlink', what);
  }

  /** Never waits: an answer that is not there yet will not come. */
  #receive(what: string): NetlinkMessage[] {
    const size = check(Number(recvCall(this.#socket, received, RECEIVE_SIZE, MSG_DONTWAIT)), 'netlink', what);
    return decodeMessages(received.subarray(0, size));
  }
}

/** Failures are always reported; one acknowledgement at the end tells that nothing more will come. */
function acknowledgedLast(requests: readonly NetlinkRequest[]): NetlinkRequest[] {
  const last = requests.length - 1;
  return requests.map((request, index) =>
    index === last ? { ...request, flags: request.flags | NLM_F_ACK } : request,
  );
}

/** The error in an acknowledgement, or undefined when it says that all went well. */
function failureIn(message: NetlinkMessage, what: string): SyscallError | undefined {
  const errno = -message.body.readInt32LE(0);
  if (errno === 0) return undefined;
  const explanation = explanationIn(message);
  return new SyscallError('netlink', errno, explanation === '' ? what : `${what} (${explanation})`);
}

/** The kernel's sentence about an error, which follows the echo of the request's header. */
function explanationIn(message: NetlinkMessage): string {
  if ((message.flags & NLM_F_ACK_TLVS) === 0) return '';
  const echoed = (message.flags & NLM_F_CAPPED) === 0 ? message.body.readUInt32LE(4) : 16;
  return decodeText(decodeAttributes(message.body.subarray(4 + ((echoed + 3) & ~3))).get(NLMSGERR_ATTR_MSG));
}
