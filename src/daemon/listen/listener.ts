import { chmodSync, chownSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import type { Server, ServerOptions } from 'node:http';
import type https from 'node:https';
import { connect, type ListenOptions, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { TlsOptions } from 'node:tls';
import { Conflict, InvalidArgument } from '../../api/index.ts';
import { http } from '../server/http.ts';
import type { ApiServer } from '../server/server.ts';
import { listenFds } from './activation.ts';
import type { ListenAddress } from './host.ts';

/** Clients put build arguments and registry credentials in the request line and headers; Go's limit is the same. */
const MAX_HEADER_BYTES = 1024 * 1024;

/** How long a client may take to send its headers, in milliseconds. */
const HEADERS_TIMEOUT = 60_000;

/** How long to try whether somebody answers on a socket file, in milliseconds. */
const PROBE_TIMEOUT = 1000;

/** The longest path of a unix socket: sun_path of unix(7) without its final zero. */
const LONGEST_SOCKET_PATH = 107;

export interface ListenSettings {
  readonly api: ApiServer;
  /** Group that owns unix sockets. */
  readonly gid: number;
  /** For tcp addresses; without it they are plain. */
  readonly tls?: TlsOptions | undefined;
}

/** One or more open sockets of one address, and the connections that came in. */
export class Listener {
  readonly #server: Server | https.Server;
  readonly #sockets = new Set<Socket>();
  /** What is listened on, as `--host` writes it, with the port that was really taken. */
  readonly url: string;

  constructor(server: Server | https.Server, url: string, sockets: Set<Socket>) {
    this.#server = server;
    this.url = url;
    this.#sockets = sockets;
  }

  /** Takes certificates that were renewed; new connections get them. */
  renewCertificates(tls: TlsOptions): void {
    if ('setSecureContext' in this.#server) this.#server.setSecureContext(tls);
  }

  /** Accepts no more connections, and closes those that wait for a next request. */
  stop(): void {
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  /** Cuts every connection, streams included. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Opens the sockets of one address; `fd://` may be several. Throws when that is not possible, having opened none. */
export async function listen(address: ListenAddress, settings: ListenSettings): Promise<Listener[]> {
  if (address.kind === 'unix') return [await listenUnix(address.path, settings)];
  if (address.kind === 'tcp') return [await listenTcp(address.host, address.port, settings)];
  const fds = listenFds();
  if (fds.length === 0)
    throw new InvalidArgument('no sockets found for fd://: the service manager handed over none');
  return Promise.all(fds.map((fd) => open(plainServer(settings.api), { fd }, `fd://${fd}`)));
}

async function listenUnix(path: string, settings: ListenSettings): Promise<Listener> {
  if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH) {
    throw new InvalidArgument(
      `unix socket path ${path} is too long: at most ${LONGEST_SOCKET_PATH} bytes fit`,
    );
  }
  mkdirSync(dirname(path), { recursive: true });
  await removeStale(path);
  // Nobody may connect between its creation and the moment at which it has the right owner.
  const mask = process.umask(0o177);
  let opening: Promise<Listener>;
  try {
    opening = open(plainServer(settings.api), { path }, `unix://${path}`);
  } finally {
    process.umask(mask);
  }
  const listener = await opening;
  chownSync(path, 0, settings.gid);
  chmodSync(path, 0o660);
  return listener;
}

async function listenTcp(host: string, port: number, settings: ListenSettings): Promise<Listener> {
  const server = settings.tls ? await tlsServer(settings.api, settings.tls) : plainServer(settings.api);
  const shown = host.includes(':') ? `[${host}]` : host;
  return open(server, { host, port }, `tcp://${shown}:${port}`);
}

/** Removes the socket file of an engine that has died. Throws Conflict when somebody still listens on it. */
async function removeStale(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return;
  if (!stat.isSocket())
    throw new Conflict(`${path} exists and is not a socket: remove it or use another --host`);
  if (await answers(path))
    throw new Conflict(`${path} is in use by another process: stop it or use another --host`);
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.setTimeout(PROBE_TIMEOUT);
    const settle = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => settle(true));
    // Only a full backlog makes a connection wait, so there is a process behind it.
    socket.once('timeout', () => settle(true));
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code === 'EAGAIN'));
  });
}

/** Begins to listen before it returns; the promise tells how that went. */
async function open(
  server: Server | https.Server,
  where: ListenOptions & { fd?: number },
  url: string,
): Promise<Listener> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.address();
  const port = typeof bound === 'object' && bound ? bound.port : undefined;
  return new Listener(server, port ? url.replace(/:\d+$/, `:${port}`) : url, sockets);
}

function plainServer(api: ApiServer): Server {
  return http.createServer(serverOptions(api), api.onRequest).on('upgrade', api.onUpgrade);
}

/** Certificates are rare and the module costs milliseconds, so it is loaded for those who have some. */
async function tlsServer(api: ApiServer, tls: TlsOptions): Promise<https.Server> {
  const { createServer } = await import('node:https');
  // node:http lets clients close their side alone, as they do at the end of their input; here it has to be asked for.
  const options = { ...serverOptions(api), ...tls, allowHalfOpen: true, noDelay: true };
  return createServer(options, api.onRequest).on('upgrade', api.onUpgrade);
}

function serverOptions(api: ApiServer): ServerOptions {
  return {
    // Streams last for hours, uploads may too, and Go's clients keep connections open between requests for as long.
    requestTimeout: 0,
    keepAliveTimeout: 0,
    headersTimeout: HEADERS_TIMEOUT,
    maxHeaderSize: MAX_HEADER_BYTES,
    // A client whose machine is gone is noticed at last.
    keepAlive: true,
    shouldUpgradeCallback: api.isUpgrade,
  };
}
