import { createSocket } from 'node:dgram';
import { Socket } from 'node:net';
import { decode, encode, type Packet } from 'dns-packet';
import { boundSocket, connectingSocket, inNetns } from '../../src/linux/index.ts';

const SERVER = '127.0.0.11';

export interface Question {
  readonly name: string;
  readonly type?: string;
  /** Bytes that may come over UDP, said with EDNS. */
  readonly udpSize?: number;
}

/** Asks the name server of a namespace over UDP, as a program in it would; within two seconds. */
export async function ask(netns: string, question: Question): Promise<Packet> {
  return decode(await exchange(netns, queryOf(question)));
}

/** Sends bytes to the name server of a namespace over UDP, and gives what comes back. */
export async function exchange(netns: string, message: Buffer): Promise<Buffer> {
  const socket = createSocket('udp4');
  using _end = { [Symbol.dispose]: () => void socket.close() };
  socket.bind({ fd: inNetns(netns, () => boundSocket('udp', '0.0.0.0', 0)).fd });
  return await within(
    new Promise((resolve, reject) => {
      socket.on('message', resolve).on('error', reject);
      socket.send(message, 53, SERVER);
    }),
  );
}

/** The same over TCP, closing the sending side at once. */
export async function askOverTcp(netns: string, question: Question): Promise<Packet> {
  const fd = inNetns(netns, () => connectingSocket(SERVER, 53));
  const socket = new Socket({ fd, allowHalfOpen: true });
  using _end = { [Symbol.dispose]: () => void socket.destroy() };
  const query = queryOf(question);
  socket.end(Buffer.concat([Buffer.from([query.length >> 8, query.length & 0xff]), query]));
  const received = await within(Array.fromAsync(socket as AsyncIterable<Buffer>));
  return decode(Buffer.concat(received).subarray(2));
}

/** What a response says: the data of its answers. */
export function dataOf({ answers = [] }: Packet): unknown[] {
  return answers.map((answer) => ('data' in answer ? answer.data : undefined));
}

export function queryOf({ name, type = 'A', udpSize }: Question): Buffer {
  const options = udpSize === undefined ? [] : [{ type: 'OPT', name: '.', udpPayloadSize: udpSize }];
  return encode({
    type: 'query',
    id: 4711,
    flags: 256,
    questions: [{ name, type, class: 'IN' }],
    additionals: options,
  } as Packet);
}

async function within<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer within two seconds')), 2_000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
