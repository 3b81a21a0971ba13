import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface RecordedRequest {
  readonly method: string;
  /** Path without the version, with the query. */
  readonly path: string;
  readonly body: unknown;
}

export interface Reply {
  readonly status?: number;
  readonly json?: unknown;
  readonly text?: string;
}

/** An engine that remembers what it was asked and answers what it is told to. */
export class FakeEngine implements AsyncDisposable {
  readonly requests: RecordedRequest[] = [];
  readonly socket: string;
  readonly #dir: string;
  readonly #server: Server;
  readonly #replies: Readonly<Record<string, Reply>>;

  constructor(dir: string, replies: Readonly<Record<string, Reply>>) {
    this.#dir = dir;
    this.socket = join(dir, 'engine.sock');
    this.#replies = replies;
    this.#server = createServer((req, res) => {
      void this.#answer(req).then(({ status = 200, json, text }) => {
        res.writeHead(status, {
          'Api-Version': '1.50',
          Ostype: 'linux',
          Swarm: 'inactive',
          'Content-Type': 'application/json',
        });
        res.end(req.method === 'HEAD' ? undefined : (text ?? JSON.stringify(json ?? {})));
      });
    });
  }

  /** Starts one. `replies` are found by method and path without version and query, such as `GET /containers/json`. */
  static async start(replies: Readonly<Record<string, Reply>> = {}): Promise<FakeEngine> {
    const engine = new FakeEngine(await mkdtemp(join(tmpdir(), 'berth-fake-')), replies);
    await new Promise<void>((resolve) => engine.#server.listen(engine.socket, resolve));
    return engine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #answer(req: IncomingMessage): Promise<Reply> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const path = (req.url ?? '').replace(/^\/v\d+\.\d+(?=\/)/, '');
    const text = Buffer.concat(chunks).toString();
    if (!path.startsWith('/_ping')) {
      this.requests.push({ method: req.method ?? '', path, body: parsed(text) });
    }
    return this.#replies[`${req.method} ${path.replace(/\?.*/, '')}`] ?? {};
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
