import { createSocket } from 'node:dgram';
import { connect, isIP, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { close, connectDatagram, send, unacknowledgedBytes, WOULD_BLOCK } from '../../../linux/index.ts';

/** Where messages go. */
export interface LogSink {
  /** Resolves when the other side has them all, as far as one can know. Throws when the connection is broken. */
  send(messages: readonly Buffer[]): Promise<void>;
  close(): void;
}

/** Where a sink is reached. */
export type SinkAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'tls'; readonly host: string; readonly port: number; readonly tls: ConnectionOptions }
  | { readonly kind: 'udp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'unixgram'; readonly path: string };

const CONNECT_PATIENCE_MS = 10_000;
const KEEP_ALIVE_MS = 30_000;
const POLL_MS = 2;

/** Connects. Throws what the kernel says. */
export async function connectSink(address: SinkAddress, signal: AbortSignal): Promise<LogSink> {
  if (address.kind === 'udp') return udpSink(address.host, address.port);
  if (address.kind === 'unixgram') return datagramSink(address.path, signal);
  return streamSink(address, signal);
}

async function streamSink(
  address: Exclude<SinkAddress, { kind: 'udp' | 'unixgram' }>,
  signal: AbortSignal,
): Promise<LogSink> {
  const raw = address.kind === 'unix' ? connect(address.path) : connect(address.port, address.host);
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {});
  const fail = (error: Error) => {
    broken.reject(error);
    raw.destroy();
  };
  const closed = () => fail(new Error('the other side has closed the connection'));
  raw.on('error', fail).on('close', closed);
  const stream: Socket = address.kind === 'tls' ? secured(raw, address) : raw;
  if (stream !== raw) stream.on('error', fail).on('close', closed);
  // Syslog servers say nothing; reading is what notices that they go.
  stream.on('end', closed).resume();
  const give = () => fail(signal.reason as Error);
  signal.addEventListener('abort', give);
  raw.setKeepAlive(true, KEEP_ALIVE_MS);
  const late = setTimeout(() => fail(new Error('no connection within 10 s')), CONNECT_PATIENCE_MS);
  const connected = new Promise<void>((resolve) =>
    stream.once(address.kind === 'tls' ? 'secureConnect' : 'connect', resolve),
  );
  if (signal.aborted) give();
  await Promise.race([connected, broken.promise]).finally(() => clearTimeout(late));
  return {
    async send(messages) {
      const taken = new Promise<void>((resolve) => stream.write(Buffer.concat(messages), () => resolve()));
      await Promise.race([taken, broken.promise]);
      // What the other side's kernel has not acknowledged would be lost with the connection.
      while (unacknowledgedBytes(descriptor(raw)) > 0) await Promise.race([sleep(POLL_MS), broken.promise]);
    },
    close() {
      signal.removeEventListener('abort', give);
      stream.end();
      raw.unref();
    },
  };
}

function secured(socket: Socket, { host, tls }: Extract<SinkAddress, { kind: 'tls' }>): Socket {
  // The name of a server goes along with the greeting; an address does not.
  return connectTls({ ...tls, socket, host, ...(isIP(host) === 0 && { servername: host }) });
}

/** Node has no name of its own for a socket's descriptor. */
function descriptor(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { _handle: { fd: number } | null };
  if (handle === null) throw new Error('the connection is closed');
  return handle.fd;
}

/** Nobody acknowledges what goes over UDP: it is sent, and may be lost. */
function udpSink(host: string, port: number): LogSink {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', () => {});
  return {
    async send(messages) {
      for (const message of messages) {
        await new Promise<void>((resolve, reject) => {
          socket.send(message, port, host, (error) => (error ? reject(error) : resolve()));
        });
      }
    },
    close: () => socket.close(),
  };
}

/** A datagram socket of the machine, /dev/log for one, takes a message or is full; what it took is the other side's. */
function datagramSink(path: string, signal: AbortSignal): LogSink {
  const fd = connectDatagram(path);
  return {
    async send(messages) {
      for (const message of messages) {
        while (send(fd, message) === WOULD_BLOCK) await sleep(POLL_MS, undefined, { signal });
      }
    },
    close: () => close(fd),
  };
}
