import { createHash, randomBytes } from 'node:crypto';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import type { Side } from './registry-sides.ts';

/** One repository for all: what is measured are blobs. */
const REPOSITORY = 'bench/blobs';

export interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

/** Blobs of one size that no registry has. Making them is no part of what is measured. */
export function newBlobs(count: number, size: number): Blob[] {
  return Array.from({ length: count }, () => {
    const bytes = randomBytes(size);
    return { bytes, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` };
  });
}

/** Does work on every item, so many at a time; resolves to items a second. */
export async function rate<T>(
  items: readonly T[],
  inFlight: number,
  work: (item: T) => Promise<void>,
): Promise<number> {
  const begin = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return items.length / ((performance.now() - begin) / 1000);
}

/** A client that keeps its connections, as every client of registries does. */
export class Client implements Disposable {
  readonly #side: Side;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(side: Side) {
    this.#side = side;
  }

  /** As Docker pushes: ask whether it is there, begin an upload, send it, end it. */
  async push({ digest, bytes }: Blob): Promise<void> {
    await this.#send('HEAD', `/v2/${REPOSITORY}/blobs/${digest}`, 404);
    const begun = await this.#send('POST', `/v2/${REPOSITORY}/blobs/uploads/`, 202);
    const sent = await this.#send('PATCH', begun.location!, 202, bytes);
    const url = new URL(sent.location!, 'http://registry');
    url.searchParams.set('digest', digest);
    await this.#send('PUT', `${url.pathname}${url.search}`, 201);
  }

  async pull({ digest, bytes }: Blob): Promise<void> {
    await this.#send('GET', `/v2/${REPOSITORY}/blobs/${digest}`, 200, undefined, bytes.length);
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  #send(
    method: string,
    location: string,
    wanted: number,
    body?: Buffer,
    size?: number,
  ): Promise<IncomingHttpHeaders> {
    const path = location.replace(/^https?:\/\/[^/]+/, '');
    return new Promise((resolve, reject) => {
      const sent = request(
        { port: this.#side.port, host: '127.0.0.1', agent: this.#agent, method, path },
        (answer) => {
          let received = 0;
          answer.on('data', (chunk: Buffer) => {
            received += chunk.length;
          });
          answer.on('end', () => {
            if (answer.statusCode === wanted && (size ?? received) === received) resolve(answer.headers);
            else
              reject(
                new Error(`${this.#side.name}: ${method} ${path}: ${answer.statusCode}, ${received} bytes`),
              );
          });
          answer.on('error', reject);
        },
      );
      sent.on('error', reject);
      sent.setHeader('Content-Length', body?.length ?? 0);
      sent.end(body);
    });
  }
}
