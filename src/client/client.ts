import type { Duplex } from 'node:stream';
import {
  API_VERSION,
  type ApiVersion,
  BERTH_VERSION,
  compareApiVersions,
  formatApiVersion,
  parseApiVersion,
} from '../api/index.ts';
import { dial } from './dial.ts';
import type { Endpoint } from './endpoint.ts';
import { CannotConnect, ConnectionLost, EngineError } from './errors.ts';
import { HttpConnection, type HttpRequest, type HttpResponse } from './http.ts';
import { parseJson, readLines } from './json.ts';

/** An answer that is read whole may not be longer. */
const MAX_BODY = 256 * 1024 * 1024;

/** Query parameters; undefined ones are left out, `true` is sent as 1, a list as the parameter repeated. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface CallOptions {
  readonly query?: Query | undefined;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly body?: AsyncIterable<Uint8Array> | undefined;
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Breaks off the call; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface ClientOptions {
  readonly endpoint: Endpoint;
  /** Header fields added to every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Speak this API version without asking the engine. */
  readonly version?: string | undefined;
}

/** The engine behind the client: what its `/_ping` said. */
export interface PingInfo {
  readonly apiVersion: string;
  readonly osType: string;
  readonly builderVersion: string;
  readonly experimental: boolean;
}

/**
 * Speaks the Engine API with one engine. Connections are kept and used again; `close` drops them. Calls throw
 * CannotConnect, ConnectionLost, or EngineError with the engine's own text.
 */
export class Client {
  readonly endpoint: Endpoint;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #idle: HttpConnection[] = [];
  readonly #busy = new Set<HttpConnection>();
  #version: Promise<ApiVersion> | undefined;
  #closed = false;

  constructor(options: ClientOptions) {
    this.endpoint = options.endpoint;
    this.#headers = {
      Host: options.endpoint.kind === 'tcp' ? options.endpoint.hostname : 'localhost',
      'User-Agent': `Berth-Client/${BERTH_VERSION} (${process.platform})`,
      ...options.headers,
    };
    if (options.version) this.#version = Promise.resolve(parseApiVersion(options.version));
  }

  /** The API version spoken: the highest that both sides know. Asks the engine once. */
  version(signal?: AbortSignal): Promise<ApiVersion> {
    this.#version ??= this.#negotiate(signal).catch((error: unknown) => {
      this.#version = undefined;
      throw error;
    });
    return this.#version;
  }

  /** Asks `/_ping`, which every engine answers whatever version it speaks. */
  async ping(signal?: AbortSignal): Promise<PingInfo> {
    const response = await this.#exchange(
      { method: 'HEAD', path: this.#path('/_ping', undefined), headers: this.#headers },
      signal,
    );
    await response.bytes(0);
    return {
      apiVersion: response.headers['api-version'] ?? '',
      osType: response.headers['ostype'] ?? '',
      builderVersion: response.headers['builder-version'] ?? '',
      experimental: response.headers['docker-experimental'] === 'true',
    };
  }

  /** Makes a call and returns the answer once its head is there. Error statuses throw EngineError. */
  async call(method: string, path: string, options: CallOptions = {}): Promise<HttpResponse> {
    const version = await this.version(options.signal);
    const response = await this.#exchange(this.#request(method, path, version, options), options.signal);
    if (response.status >= 400) throw await readError(response);
    return response;
  }

  /** Makes a call whose answer is one JSON document; undefined when the answer is empty. */
  async json<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const bytes = await this.bytes(method, path, options);
    return bytes.length === 0 ? (undefined as T) : parseJson<T>(bytes.toString('utf8'));
  }

  /** Makes a call and reads the answer whole. */
  async bytes(method: string, path: string, options: CallOptions = {}): Promise<Buffer> {
    const response = await this.call(method, path, options);
    return await response.bytes(MAX_BODY);
  }

  /** Makes a call whose answer is a JSON document per line, as they come. */
  async *lines<T>(method: string, path: string, options: CallOptions = {}): AsyncGenerator<T, void> {
    const response = await this.call(method, path, options);
    for await (const line of readLines(response.body)) yield parseJson<T>(line);
  }

  /** Makes a call that turns the connection into a raw two-way stream. */
  async hijack(method: string, path: string, options: CallOptions = {}): Promise<HijackedStream> {
    const version = await this.version(options.signal);
    const request = this.#request(method, path, version, options);
    const upgrade = { ...request, headers: { ...request.headers, Connection: 'Upgrade', Upgrade: 'tcp' } };
    const connection = await this.#connect(options.signal);
    const response = await this.#on(connection, upgrade, options.signal);
    if (response.status >= 400) throw await readError(response);
    this.#busy.delete(connection);
    return { stream: response.hijack(), contentType: response.headers['content-type'] ?? '' };
  }

  /** Drops all connections. Calls under way fail. */
  close(): void {
    this.#closed = true;
    for (const connection of [...this.#idle, ...this.#busy]) connection.destroy();
    this.#idle.length = 0;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #negotiate(signal?: AbortSignal): Promise<ApiVersion> {
    const { apiVersion } = await this.ping(signal);
    // An engine that does not say is older than negotiation itself.
    const theirs = apiVersion ? parseApiVersion(apiVersion) : { major: 1, minor: 24 };
    return compareApiVersions(theirs, API_VERSION) < 0 ? theirs : API_VERSION;
  }

  #request(method: string, path: string, version: ApiVersion, options: CallOptions): HttpRequest {
    const headers: Record<string, string> = { ...this.#headers, ...options.headers };
    if (options.json !== undefined) headers['Content-Type'] = 'application/json';
    else if (options.contentType) headers['Content-Type'] = options.contentType;
    const body = options.json === undefined ? options.body : JSON.stringify(options.json);
    return {
      method,
      path: this.#path(`/v${formatApiVersion(version)}${path}`, options.query),
      headers,
      body,
    };
  }

  #path(path: string, query: Query | undefined): string {
    const base = this.endpoint.kind === 'tcp' ? this.endpoint.basePath : '';
    const pairs: string[] = [];
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value === undefined || value === false) continue;
      for (const item of Array.isArray(value) ? value : [value === true ? '1' : value]) {
        pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(item)}`);
      }
    }
    return `${base}${path}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`;
  }

  async #exchange(request: HttpRequest, signal: AbortSignal | undefined): Promise<HttpResponse> {
    const connection = await this.#connect(signal);
    const again =
      connection.used &&
      request.body === undefined &&
      (request.method === 'GET' || request.method === 'HEAD');
    try {
      return await this.#on(connection, request, signal);
    } catch (error) {
      // The engine may close an idle connection in the very moment we use it.
      if (!again || signal?.aborted || this.#closed) throw error;
      return await this.#on(this.#adopt(await dial(this.endpoint, signal)), request, signal);
    }
  }

  async #connect(signal: AbortSignal | undefined): Promise<HttpConnection> {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      if (idle.reusable) return idle;
      idle.destroy();
    }
    return this.#adopt(await dial(this.endpoint, signal));
  }

  #adopt(stream: Duplex): HttpConnection {
    return new HttpConnection(stream);
  }

  async #on(
    connection: HttpConnection,
    request: HttpRequest,
    signal: AbortSignal | undefined,
  ): Promise<HttpResponse> {
    this.#busy.add(connection);
    const abort = (): void => connection.destroy();
    signal?.addEventListener('abort', abort, { once: true });
    const done = (): void => {
      signal?.removeEventListener('abort', abort);
      this.#busy.delete(connection);
      if (connection.reusable && !this.#closed) this.#idle.push(connection);
      else if (request.headers['Upgrade'] === undefined) connection.destroy();
    };
    try {
      signal?.throwIfAborted();
      const response = await connection.send(request);
      return response.whenRead(done, (error) => this.#explain(error, signal));
    } catch (error) {
      done();
      connection.destroy();
      throw this.#explain(error, signal);
    }
  }

  #explain(error: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted) return signal.reason;
    if (error instanceof CannotConnect) return error;
    const reason = error instanceof Error ? error.message : String(error);
    return new ConnectionLost(
      `The connection to the Berth engine at ${this.endpoint.host} was lost: ${reason}`,
      { cause: error },
    );
  }
}

/** A connection after an upgrade. */
export interface HijackedStream {
  readonly stream: Duplex;
  readonly contentType: string;
}

async function readError(response: HttpResponse): Promise<EngineError> {
  const text = (await response.bytes(1024 * 1024)).toString('utf8');
  let message = text.trim();
  if (/\bjson\b/.test(response.headers['content-type'] ?? '')) {
    try {
      message = String((JSON.parse(text) as { message?: unknown }).message ?? message);
    } catch {
      // The text as it came has to do.
    }
  }
  return new EngineError(
    response.status,
    message || `the engine answered ${response.status} ${response.reason}`,
  );
}
