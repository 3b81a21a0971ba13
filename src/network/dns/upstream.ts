import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { boundSocket, connectingSocket, inNetns } from '../../linux/index.ts';
import { framed, frames } from './tcp-frames.ts';

/** A name server that knows what the engine does not. */
export interface Upstream {
  readonly address: string;
  readonly port: number;
  /** The network namespace from which it is asked; undefined is the host's. */
  readonly netnsPath: string | undefined;
}

/** As long as Docker's engine waits for one server. */
const PATIENCE = 4_000;
/** More answers than this, of all the containers together, are not waited for at the same time. */
const MAX_UNDER_WAY = 1024;
/** Where the two parts of a message's first word that matter here are. */
const CODE_MASK = 0x0f;
const RETRY_CODES = [2, 5];

/** Asks other name servers on behalf of containers. */
export class Forwarder {
  #underWay = 0;

  /**
   * Passes a query on, in wire form, to one server after the other until one gives an answer that is not SERVFAIL or
   * REFUSED. Undefined when none does; 'busy' when too much is under way.
   */
  async ask(
    query: Buffer,
    transport: 'udp' | 'tcp',
    upstreams: readonly Upstream[],
    signal: AbortSignal,
  ): Promise<Buffer | 'busy' | undefined> {
    if (this.#underWay >= MAX_UNDER_WAY) return 'busy';
    this.#underWay++;
    try {
      for (const upstream of upstreams) {
        const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
        const exchange = transport === 'udp' ? askByUdp : askByTcp;
        // Whatever goes wrong with one server, the next one may do.
        const answer = await exchange(query, upstream, limit).catch(() => undefined);
        if (answer !== undefined && !RETRY_CODES.includes(answer.readUInt8(3) & CODE_MASK)) return answer;
        if (signal.aborted) return undefined;
      }
      return undefined;
    } finally {
      this.#underWay--;
    }
  }
}

/** A socket, and so a port, for each question: a forged answer has to guess it. */
async function askByUdp(query: Buffer, upstream: Upstream, signal: AbortSignal): Promise<Buffer> {
  const ipv6 = upstream.address.includes(':');
  const local = within(upstream, () => boundSocket('udp', ipv6 ? '::' : '0.0.0.0', 0));
  const socket = createSocket(ipv6 ? 'udp6' : 'udp4');
  using _end = { [Symbol.dispose]: () => void socket.close() };
  socket.bind({ fd: local.fd });
  return await new Promise<Buffer>((resolve, reject) => {
    socket.on('message', (message) => answers(message, query) && resolve(message));
    socket.on('error', reject);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    // A connected socket hears from nobody else, and at once of a server that is not there.
    socket.connect(upstream.port, upstream.address, () => socket.send(query));
  });
}

async function askByTcp(query: Buffer, upstream: Upstream, signal: AbortSignal): Promise<Buffer | undefined> {
  const { address, port, netnsPath } = upstream;
  const socket =
    netnsPath === undefined
      ? connect({ host: address, port })
      : new Socket({ fd: within(upstream, () => connectingSocket(address, port)) });
  using _end = { [Symbol.dispose]: () => void socket.destroy() };
  const aborted = once(signal, 'abort').then(() => socket.destroy(signal.reason));
  aborted.catch(() => {});
  socket.write(framed(query));
  for await (const answer of frames(socket)) if (answers(answer, query)) return answer;
  return undefined;
}

function within<T>({ netnsPath }: Upstream, open: () => T): T {
  return netnsPath === undefined ? open() : inNetns(netnsPath, open);
}

/** Whether this is a response with the query's number. */
function answers(message: Buffer, query: Buffer): boolean {
  return message.length >= 12 && message.readUInt16BE(0) === query.readUInt16BE(0) && message[2]! >= 0x80;
}
