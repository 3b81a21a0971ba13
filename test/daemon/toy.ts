import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';
import { type Listener, listen } from '../../src/daemon/listen/listener.ts';
import { Router } from '../../src/daemon/server/router.ts';
import { ApiServer } from '../../src/daemon/server/server.ts';
import { configureLog } from '../../src/engine/index.ts';

/** A server with routes of a test's own on a unix socket, and on a TCP port when there are certificates. */
export interface Toy extends AsyncDisposable {
  readonly socket: string;
  readonly folder: string;
  readonly api: ApiServer;
  readonly listeners: readonly Listener[];
  /** What the server has logged. */
  readonly log: readonly string[];
}

export async function startToy(routes: (router: Router) => void, tls?: TlsOptions): Promise<Toy> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-toy-'));
  const socket = join(folder, 'toy.sock');
  const log: string[] = [];
  configureLog({ sink: (line) => log.push(line) });
  const router = new Router();
  routes(router);
  const api = new ApiServer(router);
  const settings = { api, gid: 0, tls };
  const listeners = await listen({ kind: 'unix', path: socket }, settings);
  if (tls) listeners.push(...(await listen({ kind: 'tcp', host: 'localhost', port: 0 }, settings)));
  return {
    ...{ socket, folder, api, listeners, log },
    async [Symbol.asyncDispose]() {
      for (const listener of listeners) {
        listener.stop();
        listener.cut();
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A bare connection, with what came over it. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  received = '';
  ended = false;
  closed = false;

  constructor(path: string) {
    this.socket = connect({ path, allowHalfOpen: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
    });
    this.socket.on('end', () => {
      this.ended = true;
    });
    this.socket.on('close', () => {
      this.closed = true;
    });
    this.socket.on('error', () => {});
  }

  write(text: string): void {
    this.socket.write(text);
  }

  /** Waits until what was received contains `text`; gives what came before it and drops both. */
  async until(text: string): Promise<string> {
    await eventually(
      () => this.received.includes(text),
      () => `no ${JSON.stringify(text)} in ${JSON.stringify(this.received)}`,
    );
    const at = this.received.indexOf(text);
    const before = this.received.slice(0, at);
    this.received = this.received.slice(at + text.length);
    return before;
  }

  async end(): Promise<void> {
    await eventually(
      () => this.ended || this.closed,
      () => `no end, but ${JSON.stringify(this.received)}`,
    );
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** Waits until a condition holds; throws after five seconds. */
export async function eventually(holds: () => boolean, what = () => 'it did not happen'): Promise<void> {
  for (const deadline = Date.now() + 5000; !holds(); ) {
    if (Date.now() > deadline) throw new Error(what());
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
