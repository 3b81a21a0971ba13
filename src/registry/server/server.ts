import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { BERTH_VERSION, InvalidArgument, messageOf } from '../../api/index.ts';
import { Access } from './auth/access.ts';
import type { RegistryConfig } from './config/schema.ts';
import type { Content } from './content/index.ts';
import { claimFolder } from './control/server.ts';
import { Collector } from './gc/collector.ts';
import { Router } from './http/router.ts';
import { Service } from './http/service.ts';
import type { Log } from './log.ts';
import { Metrics } from './metrics.ts';
import { openContent } from './open.ts';
import type { RegistryParts } from './parts.ts';
import { openProxy } from './proxy/open.ts';
import { registerRoutes } from './routes/index.ts';

/** Milliseconds after which a client that neither sends nor takes anything is cut off. */
const IDLE_TIMEOUT = 120_000;

/** Milliseconds that a client has for its headers, and bytes that they may have: tokens make them long. */
const HEADERS_TIMEOUT = 30_000;
const MAX_HEADER_BYTES = 64 << 10;

/** Milliseconds that requests get to end at shutdown. */
const SHUTDOWN_TIMEOUT = 15_000;

/** A running registry. */
export class RegistryServer implements AsyncDisposable {
  /** Where it listens, such as `http://127.0.0.1:5000`. */
  readonly urls: readonly string[];
  readonly content: Content;
  readonly #service: Service;
  readonly #servers: readonly http.Server[];
  readonly #resources: AsyncDisposableStack;
  #stopping: Promise<void> | undefined;

  private constructor(
    urls: readonly string[],
    content: Content,
    service: Service,
    servers: readonly http.Server[],
    resources: AsyncDisposableStack,
  ) {
    this.urls = urls;
    this.content = content;
    this.#service = service;
    this.#servers = servers;
    this.#resources = resources;
  }

  /** Opens the storage and then the sockets. Undoes it all if that fails. Throws InvalidArgument, Conflict. */
  static async start(config: RegistryConfig, log: Log): Promise<RegistryServer> {
    await using undo = new AsyncDisposableStack();
    const tls = config.tls && readTls(config.tls);
    const claim = undo.use(await claimFolder(config.root));
    const { content } = undo.use(await openContent(config));
    const access = undo.use(await Access.open(config.auth, config.root));
    const metrics = new Metrics(content.uploads);
    const proxy = undo.use(await openProxy(config, content, metrics, log));
    const parts: RegistryParts = { content, access, metrics, proxy };
    const collector = undo.use(new Collector(content, config.gc, log, metrics));

    const router = new Router();
    registerRoutes(router, parts, config);
    const service = new Service(router, parts, {
      log,
      accessLog: config.accessLog,
      requestsPerSecond: config.limits.requestsPerSecond,
    });
    const servers: http.Server[] = [];
    for (const address of config.listen) {
      const server = createServer(service, config, tls);
      undo.defer(() => void server.closeAllConnections());
      await listen(server, address);
      undo.defer(() => void server.close());
      servers.push(server);
    }
    const urls = servers.map((server) => urlOf(server, tls !== undefined));
    const startedAt = new Date();
    claim.serve({
      collect: (options) => collector.run(options),
      status: async () => ({
        version: BERTH_VERSION,
        pid: process.pid,
        urls,
        storage: content.storage.description,
        startedAt,
        repositories: (await Array.fromAsync(content.repositories.list())).length,
        uploads: await content.uploads.count(),
        requests: service.open,
        lastCollection: collector.last,
      }),
    });
    collector.schedule();
    log('info', `registry listens on ${urls.join(' ')}`, { storage: content.storage.description });
    return new RegistryServer(urls, content, service, servers, undo.move());
  }

  /** Stops to listen, lets requests end, and closes the storage. Uploads can go on after the next start. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    for (const server of this.#servers) {
      server.close();
      server.closeIdleConnections();
    }
    for (const end = Date.now() + SHUTDOWN_TIMEOUT; this.#service.open > 0 && Date.now() < end; )
      await sleep(10);
    await this.#resources.disposeAsync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function createServer(
  service: Service,
  { limits }: RegistryConfig,
  tls: https.ServerOptions | undefined,
): http.Server {
  const options: http.ServerOptions = {
    headersTimeout: HEADERS_TIMEOUT,
    maxHeaderSize: MAX_HEADER_BYTES,
    // Blobs may take hours; it is silence that is limited.
    requestTimeout: 0,
    keepAliveTimeout: IDLE_TIMEOUT,
    noDelay: true,
  };
  const server = tls
    ? https.createServer({ ...options, ...tls }, service.onRequest)
    : http.createServer(options, service.onRequest);
  server.setTimeout(IDLE_TIMEOUT);
  server.maxConnections = limits.connections;
  return server;
}

/** Throws InvalidArgument that names the file that cannot be read. */
function readTls({ cert, key, clientCa }: NonNullable<RegistryConfig['tls']>): https.ServerOptions {
  const read = (path: string) => {
    try {
      return readFileSync(path);
    } catch (cause) {
      throw new InvalidArgument(`could not read the TLS file of the registry: ${messageOf(cause)}`, {
        cause,
      });
    }
  };
  const pair: https.ServerOptions = { cert: read(cert), key: read(key), minVersion: 'TLSv1.2' };
  if (clientCa === undefined) return pair;
  return { ...pair, ca: read(clientCa), requestCert: true, rejectUnauthorized: true };
}

async function listen(server: http.Server, address: string): Promise<void> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: Error) =>
      reject(new InvalidArgument(`the registry cannot listen on ${address}: ${cause.message}`, { cause }));
    server.once('error', failed);
    server.listen({ ...(host === '' ? {} : { host }), port: Number(address.slice(colon + 1)) }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

function urlOf(server: http.Server, secure: boolean): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `${secure ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
