import { connect, type Socket } from 'node:net';
import { usedRequest } from '../harness/index.ts';
import { eventually } from './support.ts';

/** An answer of which so far only the head has been read, and the connection it came over. */
export interface RawAnswer {
  /** Such as `HTTP/1.1 101 UPGRADED`. */
  readonly statusLine: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly socket: Socket;
  /** What has come after the head so far, as it is. */
  readonly received: () => Buffer;
  /** Resolves when the engine has closed its side. */
  readonly ended: Promise<void>;
}

export interface RawRequest {
  readonly method?: string;
  readonly path: string;
  /** Goes as JSON. */
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The headers with which clients ask for the connection itself. */
export const UPGRADE = { Connection: 'Upgrade', Upgrade: 'tcp' };

/** Sends a request over a connection of its own and waits for the head of the answer, which may come long before the rest. */
export async function raw(socketPath: string, request: RawRequest): Promise<RawAnswer> {
  usedRequest(request.method ?? 'POST', request.path);
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => chunks.push(bytes));
  const ended = new Promise<void>((resolve) => {
    socket.once('end', resolve);
    socket.once('close', () => resolve());
    socket.once('error', () => resolve());
  });
  socket.write(head(request));
  const all = (): Buffer => Buffer.concat(chunks);
  const end = await eventually('the head of the answer', () => {
    const at = all().indexOf('\r\n\r\n');
    return at < 0 ? undefined : at;
  });
  const [statusLine = '', ...lines] = all().toString('latin1', 0, end).split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const at = line.indexOf(':');
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
    }),
  );
  return { statusLine, headers, socket, received: () => all().subarray(end + 4), ended };
}

function head({ method = 'POST', path, body, headers }: RawRequest): string {
  const text = body === undefined ? '' : JSON.stringify(body);
  const all = {
    Host: 'engine',
    ...(body !== undefined && { 'Content-Type': 'application/json' }),
    'Content-Length': String(Buffer.byteLength(text)),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`;
}
