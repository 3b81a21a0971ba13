import { connect, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Endpoint, TlsOptions } from './endpoint.ts';
import { CannotConnect, InvalidEndpoint } from './errors.ts';

/** Opens a connection to the engine. Throws CannotConnect, or the signal's reason. */
export async function dial(endpoint: Endpoint, signal?: AbortSignal): Promise<Duplex> {
  signal?.throwIfAborted();
  switch (endpoint.kind) {
    case 'unix': {
      return opened(endpoint.host, connect({ path: endpoint.path, allowHalfOpen: true }), 'connect', signal);
    }
    case 'tcp': {
      const { hostname: host, port, tls } = endpoint;
      if (!tls) {
        const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
        return opened(endpoint.host, socket, 'connect', signal);
      }
      const { connect: connectTls } = await import('node:tls');
      const servername = isIP(host) ? '' : host;
      const socket = connectTls({ host, port, servername, ...(await certificates(tls)) });
      return opened(endpoint.host, socket, 'secureConnect', signal);
    }
    case 'ssh':
      return (await import('./ssh.ts')).dialSsh(endpoint, signal);
  }
}

/** Waits until the socket is connected; destroys it when that fails. */
function opened(
  host: string,
  socket: Duplex,
  event: string,
  signal: AbortSignal | undefined,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      socket.off('error', fail);
      socket.off(event, succeed);
      signal?.removeEventListener('abort', abort);
    };
    const succeed = (): void => {
      settle();
      resolve(socket);
    };
    const fail = (error: Error): void => {
      settle();
      socket.destroy();
      reject(explain(host, error));
    };
    const abort = (): void => {
      settle();
      socket.destroy();
      reject(signal?.reason);
    };
    socket.once('error', fail);
    socket.once(event, succeed);
    signal?.addEventListener('abort', abort, { once: true });
  });
}

const NOBODY_THERE = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ETIMEDOUT',
  'ENOTDIR',
]);

function explain(host: string, error: Error): CannotConnect {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'EACCES' || code === 'EPERM') {
    return new CannotConnect(
      host,
      `permission denied while trying to connect to the Berth engine at ${host}: become root or a member of the socket's group`,
      { cause: error },
    );
  }
  if (NOBODY_THERE.has(code)) {
    return new CannotConnect(host, `Cannot connect to the Berth engine at ${host}. Is berthd running?`, {
      cause: error,
    });
  }
  return new CannotConnect(host, `Cannot connect to the Berth engine at ${host}: ${error.message}`, {
    cause: error,
  });
}

async function certificates(tls: TlsOptions): Promise<Record<string, unknown>> {
  const { readFile } = await import('node:fs/promises');
  const read = async (path: string | undefined): Promise<Buffer | undefined> => {
    if (path === undefined) return undefined;
    try {
      return await readFile(path);
    } catch (error) {
      throw new InvalidEndpoint(
        `unable to resolve docker endpoint: open ${path}: ${(error as Error).message}`,
        { cause: error },
      );
    }
  };
  const [ca, cert, key] = await Promise.all([read(tls.ca), read(tls.cert), read(tls.key)]);
  return { ca, cert, key, rejectUnauthorized: tls.verify, minVersion: 'TLSv1.2' };
}
