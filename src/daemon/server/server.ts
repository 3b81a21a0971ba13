import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  API_VERSION,
  type ApiVersion,
  BERTH_VERSION,
  BerthError,
  compareApiVersions,
  formatApiVersion,
  InvalidArgument,
  MIN_API_VERSION,
  messageOf,
  NotFound,
  parseApiVersion,
  statusOf,
} from '../../api/index.ts';
import { log, logs } from '../../engine/index.ts';
import { discardBody } from './body.ts';
import { RequestContext } from './context.ts';
import type { UpgradeParts } from './hijack.ts';
import { http } from './http.ts';
import type { Router } from './router.ts';

/** `Server` header of every answer; clients look for the `Docker/` in it. */
const SERVER_HEADER = `Docker/${BERTH_VERSION} (linux)`;
const API_VERSION_HEADER = formatApiVersion(API_VERSION);

/** Elsewhere a request for a websocket is one like any other. */
const WEBSOCKET_PATH = /\/attach\/ws(?:\?|$)/;
const VERSION_PREFIX = /^\/v([\d.]+)(?=\/)/;

/** Turns HTTP requests of any listener into calls of the router's handlers, and what those throw into error answers. */
export class ApiServer {
  readonly #router: Router;
  readonly #open = new Set<RequestContext>();

  constructor(router: Router) {
    this.#router = router;
  }

  readonly onRequest: RequestListener = (req, res) => {
    void this.#serve(req, res);
  };

  /** For `Upgrade` requests, of which node:http hands over the connection instead of an answer. */
  readonly onUpgrade = (req: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const res = new http.ServerResponse(req);
    res.shouldKeepAlive = false;
    res.assignSocket(socket as Socket);
    res.once('finish', () => {
      res.detachSocket(socket as Socket);
      socket.end();
    });
    // The reader of the stream learns of a broken connection; without one there is nobody to tell.
    socket.on('error', () => {});
    void this.#serve(req, res, { socket, head });
  };

  /** Whether node:http shall treat a request as one that takes over its connection. */
  readonly isUpgrade = (req: IncomingMessage): boolean => {
    const protocol = req.headers.upgrade?.toLowerCase();
    if (protocol === 'websocket') return WEBSOCKET_PATH.test(req.url ?? '');
    return protocol === 'tcp' || (protocol === 'h2c' && req.method === 'POST');
  };

  /** Requests that have not been answered at all yet: their headers are still to be sent. */
  get unanswered(): number {
    return [...this.#open].filter((ctx) => !ctx.hijacked && !ctx.res.headersSent).length;
  }

  async #serve(req: IncomingMessage, res: ServerResponse, upgrade?: UpgradeParts): Promise<void> {
    res.setHeader('Api-Version', API_VERSION_HEADER);
    res.setHeader('Ostype', 'linux');
    res.setHeader('Server', SERVER_HEADER);
    const target = splitTarget(req.url ?? '/');
    const ctx = new RequestContext(req, res, { ...target, upgrade });
    this.#open.add(ctx);
    try {
      if (req.method === 'OPTIONS') {
        ctx.send(200);
        return;
      }
      const match = this.#router.find(req.method ?? 'GET', target.path);
      if (!match) throw new NotFound('page not found');
      if (target.versionText !== undefined) checkVersion(ctx.version, target.versionText);
      ctx.params = match.params;
      await match.handler(ctx);
      ctx.finish();
    } catch (error) {
      report(req, error);
      if (!ctx.hijacked) await discardBody(req);
      ctx.fail(statusOf(error), messageOf(error));
    } finally {
      this.#open.delete(ctx);
    }
  }
}

interface Target {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly version: ApiVersion;
  /** The version as the path has it; undefined when it has none. */
  readonly versionText: string | undefined;
}

function splitTarget(url: string): Target {
  // Clients that go through a proxy send the whole URL.
  const target = url.startsWith('/') ? url : url.replace(/^[a-z]+:\/\/[^/]*/i, '');
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
  const prefix = VERSION_PREFIX.exec(path);
  if (!prefix) return { path, query, version: API_VERSION, versionText: undefined };
  const [whole, versionText] = prefix;
  return { path: path.slice(whole.length), query, version: parseApiVersion(versionText!), versionText };
}

function checkVersion(version: ApiVersion, text: string): void {
  if (compareApiVersions(version, API_VERSION) > 0) {
    const newest = formatApiVersion(API_VERSION);
    throw new InvalidArgument(
      `client version ${text} is too new. Maximum supported API version is ${newest}`,
    );
  }
  if (compareApiVersions(version, MIN_API_VERSION) < 0) {
    const oldest = formatApiVersion(MIN_API_VERSION);
    throw new InvalidArgument(
      `client version ${text} is too old. Minimum supported API version is ${oldest}, please upgrade your client to a newer version`,
    );
  }
}

/** Defects and failures of the engine are errors of the log, with the stack of a defect; the client's mistakes are not. */
function report(req: IncomingMessage, error: unknown): void {
  const text = `Handler for ${req.method} ${req.url} returned error: ${messageOf(error)}`;
  if (!(error instanceof BerthError))
    log.error(text, { stack: error instanceof Error ? error.stack : undefined });
  else if (error.status === 500) log.error(text);
  else if (logs('debug')) log.debug(text, { status: error.status });
}
