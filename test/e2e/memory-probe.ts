import type { TestEngine } from '../harness/index.ts';

/** What an engine's main thread has in use, in MiB. */
export interface Memory {
  /** Objects that are reachable. */
  readonly heap: number;
  /** Buffers outside of the heap. */
  readonly external: number;
  readonly rss: number;
}

/** Node's options for an engine that is to be looked into; they go into NODE_OPTIONS before it starts. */
export const PROBE_OPTIONS = '--inspect=127.0.0.1:0';

/** Collects an engine's garbage and then looks, over the protocol of Node's debugger, so that only what is kept counts. */
export async function memoryOf(engine: TestEngine): Promise<Memory> {
  const url = /ws:\/\/127\.0\.0\.1:\d+\/\S+/.exec(engine.log)?.[0];
  if (url === undefined) throw new Error(`the engine was not started with ${PROBE_OPTIONS}`);
  const socket = new WebSocket(url);
  try {
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', () => reject(new Error(`cannot connect to ${url}`)));
    });
    await ask(socket, 'HeapProfiler.collectGarbage');
    const expression = 'JSON.stringify(process.memoryUsage())';
    const { result } = (await ask(socket, 'Runtime.evaluate', { expression })) as {
      result: { value: string };
    };
    const { heapUsed, external, rss } = JSON.parse(result.value) as NodeJS.MemoryUsage;
    return { heap: mib(heapUsed), external: mib(external), rss: mib(rss) };
  } finally {
    socket.close();
  }
}

function ask(socket: WebSocket, method: string, params: object = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    socket.addEventListener('message', ({ data }) => {
      const answer = JSON.parse(String(data)) as { id?: number; result?: unknown; error?: unknown };
      if (answer.error !== undefined) reject(new Error(JSON.stringify(answer.error)));
      else if (answer.id === 1) resolve(answer.result);
    });
    socket.send(JSON.stringify({ id: 1, method, params }));
  });
}

function mib(bytes: number): number {
  return Math.round((bytes / 1024 / 1024) * 10) / 10;
}
