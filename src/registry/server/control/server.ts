import { mkdirSync, rmSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { Conflict, InvalidArgument, messageOf, NotFound, statusOf, Unavailable } from '../../../api/index.ts';
import type { CollectOptions } from '../gc/collect.ts';
import type { PastCollection } from '../gc/collector.ts';
import { parseGcRequest } from './gc-request.ts';
import type { RegistryStatus } from './status.ts';

/** The longest path of a unix socket: sun_path of unix(7) without its final zero. */
const LONGEST_SOCKET_PATH = 107;

export function controlSocket(root: string): string {
  return join(root, 'control.sock');
}

/** What the socket lets its users do. */
export interface ControlHandlers {
  status(): Promise<RegistryStatus>;
  collect(options: Partial<CollectOptions>): Promise<PastCollection>;
}

/** A registry's folder, taken: nobody else gets it until this is disposed of or the process ends. */
export interface Claim extends AsyncDisposable {
  /** Lets `berth registry gc` and `status` in. */
  serve(handlers: ControlHandlers): void;
}

/**
 * Takes a registry's folder by listening on a socket in it. Throws Conflict when another process has it.
 */
export async function claimFolder(root: string): Promise<Claim> {
  const path = controlSocket(root);
  if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH) {
    throw new InvalidArgument(`the path of the registry's folder ${root} is too long for a socket in it`);
  }
  mkdirSync(root, { recursive: true, mode: 0o700 });
  if (await answers(path))
    throw new Conflict(`another registry uses ${root}: stop it, or use another folder`);
  rmSync(path, { force: true });
  let handlers: ControlHandlers | undefined;
  const server = http.createServer(async (req, res) => {
    const [code, body] = await answer(req, handlers);
    res.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  });
  // The socket is as private as the folder that it is in.
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return {
    serve: (given) => {
      handlers = given;
    },
    [Symbol.asyncDispose]: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  req: http.IncomingMessage,
  handlers: ControlHandlers | undefined,
): Promise<[number, object]> {
  try {
    if (handlers === undefined)
      throw new Unavailable('the folder is in use by a registry that starts, or a collection');
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://control');
    if (req.method === 'GET' && pathname === '/status') return [200, await handlers.status()];
    if (req.method === 'POST' && pathname === '/gc')
      return [200, await handlers.collect(parseGcRequest(searchParams))];
    throw new NotFound('there is nothing here');
  } catch (error) {
    return [statusOf(error), { message: messageOf(error) }];
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const sent = http.get({ socketPath, path: '/status', agent: false }, (answer) => {
      answer.resume();
      resolve(true);
    });
    sent.on('error', () => resolve(false));
  });
}
