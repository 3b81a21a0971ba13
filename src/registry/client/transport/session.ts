import type { OutgoingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Credentials } from '../credentials.ts';
import { ANONYMOUS } from '../credentials.ts';
import type { Endpoint } from '../endpoints.ts';
import { RegistryFailure } from '../failure.ts';
import type { Agents } from './agents.ts';
import { Authorizer } from './authorizer.ts';
import { type HttpRequest, type HttpResponse, send } from './http.ts';

const MAX_REDIRECTS = 10;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

export interface SessionRequest {
  readonly method: string;
  /** From `/v2/` on, or a whole URL that the registry has given. */
  readonly target: string | URL;
  readonly headers?: OutgoingHttpHeaders;
  /** Bytes, or a stream that is opened anew for each attempt. */
  readonly body?: Uint8Array | (() => Readable) | undefined;
  /** What is to be done, as tokens name it: `repository:library/busybox:pull`. */
  readonly scopes?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks one endpoint of a registry for one user: proves who the user is when asked to, follows redirects, and takes care
 * that the proof goes to nobody else.
 */
export class Session {
  readonly endpoint: Endpoint;
  readonly authorizer: Authorizer;
  readonly #agents: Agents;

  constructor(endpoint: Endpoint, agents: Agents, credentials: Credentials) {
    this.endpoint = endpoint;
    this.#agents = agents;
    this.authorizer = new Authorizer(endpoint.mirror ? ANONYMOUS : credentials, (request) =>
      this.#fetchToken(request),
    );
  }

  /** The answer, whatever its status. Throws RegistryFailure, InvalidArgument, and a signal's reason. */
  async request(request: SessionRequest): Promise<HttpResponse> {
    const url = this.#urlOf(request.target);
    const scopes = request.scopes ?? [];
    const response = await this.#attempt(url, request, scopes);
    if (response.status !== 401 || !this.#isOurs(url)) return response;
    if (!this.authorizer.learn(response, scopes)) return response;
    response.discard();
    return this.#attempt(url, request, scopes);
  }

  async #attempt(url: URL, request: SessionRequest, scopes: readonly string[]): Promise<HttpResponse> {
    const { method, body, signal } = request;
    let target = url;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const authorization = this.#isOurs(target) ? await this.authorizer.header(scopes) : undefined;
      const response = await this.#send({
        method,
        url: target,
        headers: {
          'Accept-Encoding': 'identity',
          ...request.headers,
          ...(authorization === undefined ? {} : { Authorization: authorization }),
        },
        body: typeof body === 'function' ? body() : body,
        signal,
      });
      const location = response.header('location');
      if (!REDIRECTS.includes(response.status) || location === undefined) return response;
      response.discard();
      target = redirectTarget(location, target);
    }
    throw new RegistryFailure(`${method} "${url}": stopped after ${MAX_REDIRECTS} redirects`, {
      status: 310,
    });
  }

  async #send(request: HttpRequest): Promise<HttpResponse> {
    const verify = this.#isSameHost(request.url) ? this.endpoint.verify : true;
    return send(await this.#agents.for(request.url, verify), request);
  }

  /** A password goes over an encrypted connection when the registry itself is asked over one. */
  async #fetchToken(request: Omit<HttpRequest, 'signal'>): Promise<HttpResponse> {
    if (
      this.endpoint.url.protocol === 'https:' &&
      this.endpoint.verify &&
      request.url.protocol !== 'https:'
    ) {
      throw new RegistryFailure(
        `${this.endpoint.url.host} wants credentials sent to ${request.url.origin}, without encryption: refused`,
        { status: 495 },
      );
    }
    return send(await this.#agents.for(request.url, this.endpoint.verify), request);
  }

  #urlOf(target: string | URL): URL {
    if (target instanceof URL) return target;
    const base = this.endpoint.url;
    return new URL(base.pathname.replace(/\/$/, '') + target, base);
  }

  #isOurs(url: URL): boolean {
    return url.origin === this.endpoint.url.origin;
  }

  #isSameHost(url: URL): boolean {
    return url.hostname === this.endpoint.url.hostname;
  }
}

function redirectTarget(location: string, from: URL): URL {
  const url = URL.parse(location, from.href);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new RegistryFailure(`${from.origin} redirects to "${location}", which is no place to ask`, {
      status: 310,
    });
  return url;
}
