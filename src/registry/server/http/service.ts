import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../../../api/index.ts';
import { nameOf } from '../auth/identity.ts';
import { RegistryError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { RegistryParts } from '../parts.ts';
import { Exchange } from './exchange.ts';
import { RateLimit } from './rate.ts';
import type { Route, Router } from './router.ts';

export interface ServiceOptions {
  readonly log: Log;
  readonly accessLog: boolean;
  readonly requestsPerSecond: number;
}

/** Takes requests to their routes, once it is known who asks and that they may; turns what those throw into answers. */
export class Service {
  readonly #router: Router;
  readonly #parts: RegistryParts;
  readonly #options: ServiceOptions;
  readonly #rate: RateLimit;
  #open = 0;

  constructor(router: Router, parts: RegistryParts, options: ServiceOptions) {
    this.#router = router;
    this.#parts = parts;
    this.#options = options;
    this.#rate = new RateLimit(options.requestsPerSecond);
  }

  /** Requests that are being served. */
  get open(): number {
    return this.#open;
  }

  readonly onRequest = (req: IncomingMessage, res: ServerResponse): void => {
    void this.#serve(req, res);
  };

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { metrics } = this.#parts;
    const begin = performance.now();
    this.#open++;
    metrics.inFlight.inc();
    res.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
    res.setHeader('X-Content-Type-Options', 'nosniff');
    const found: { exchange?: Exchange; route?: Route } = {};
    res.once('close', () => {
      this.#open--;
      metrics.inFlight.dec();
      const seconds = (performance.now() - begin) / 1000;
      const code = res.writableFinished ? res.statusCode : 499;
      const labels = { method: methodOf(req), route: found.route?.label ?? 'other', code: String(code) };
      metrics.requests.observe(labels, seconds);
      if (this.#options.accessLog) this.#logAccess(req, code, seconds, found.exchange);
    });
    try {
      const exchange = new Exchange(req, res);
      found.exchange = exchange;
      await this.#answer(exchange, found);
    } catch (error) {
      this.#fail(req, res, found.exchange, error);
    }
  }

  async #answer(exchange: Exchange, found: { route?: Route }): Promise<void> {
    const { access } = this.#parts;
    this.#rate.take(exchange.req.socket.remoteAddress ?? '');
    const { route, params } = this.#router.find(exchange.req.method ?? 'GET', exchange.path);
    found.route = route;
    exchange.identity = await access.identify(exchange);
    if (route.action) access.require(exchange, params.name, route.action);
    await route.handler(exchange, params);
  }

  #fail(req: IncomingMessage, res: ServerResponse, exchange: Exchange | undefined, error: unknown): void {
    const known = asRegistryError(error);
    // A client that has gone is nobody's mistake, and there is nobody to tell.
    if (req.socket.destroyed && !(error instanceof RegistryError)) return;
    if (known.status >= 500) {
      const stack = known.code === 'UNKNOWN' && error instanceof Error ? error.stack : undefined;
      this.#options.log('error', `${req.method} ${req.url}: ${messageOf(error)}`, { stack });
    }
    if (exchange) exchange.fail(known);
    else res.writeHead(known.status, { Connection: 'close' }).end();
  }

  #logAccess(req: IncomingMessage, code: number, seconds: number, exchange: Exchange | undefined): void {
    this.#options.log('info', `${req.method} ${req.url}`, {
      status: code,
      ms: Math.round(seconds * 1000),
      from: req.socket.remoteAddress,
      user: exchange ? nameOf(exchange.identity) : '-',
      agent: req.headers['user-agent'],
    });
  }
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** One of few: everything that is counted by it takes memory. */
function methodOf(req: IncomingMessage): string {
  return METHODS.includes(req.method ?? '') ? req.method! : 'other';
}

function asRegistryError(error: unknown): RegistryError {
  if (error instanceof RegistryError) return error;
  if ((error as NodeJS.ErrnoException).code === 'ENOSPC') {
    return new RegistryError('UNAVAILABLE', 'the disk of the registry is full', {
      status: 507,
      cause: error,
    });
  }
  // What went wrong inside is for the log.
  return new RegistryError('UNKNOWN', 'the registry has failed; its log says why', { cause: error });
}
