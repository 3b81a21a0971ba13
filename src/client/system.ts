import type { Client, Query } from './client.ts';
import { type DiskUsage, readDiskUsage } from './disk-usage.ts';
import { parseJson, readLines } from './json.ts';
import type { EngineEvent, ServerVersion } from './types.ts';

/** Calls on the engine itself. */
export class System {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  version(signal?: AbortSignal): Promise<ServerVersion> {
    return this.#client.json('GET', '/version', { signal });
  }

  info(signal?: AbortSignal): Promise<Record<string, unknown>> {
    return this.#client.json('GET', '/info', { signal });
  }

  /** What the engine's objects take on disk, with the objects themselves when `verbose`. */
  async diskUsage(verbose: boolean, signal?: AbortSignal): Promise<DiskUsage> {
    return readDiskUsage(await this.#client.json('GET', '/system/df', { query: { verbose }, signal }));
  }

  /** Removes what nobody uses of `kind`: `networks`, `volumes`, `build`. */
  prune<Report>(kind: string, options: Query, signal?: AbortSignal): Promise<Report> {
    return this.#client.json('POST', `/${kind}/prune`, { query: options, signal });
  }

  /** Events as they happen, each with the JSON that it came as. */
  async *events(
    options: { since?: string | undefined; until?: string | undefined; filters?: string | undefined },
    signal?: AbortSignal,
  ): AsyncGenerator<{ event: EngineEvent; raw: string }, void> {
    const response = await this.#client.call('GET', '/events', { query: { ...options }, signal });
    for await (const raw of readLines(response.body)) yield { event: parseJson<EngineEvent>(raw), raw };
  }

  /** An object of any other kind as the engine's JSON: `networks`, `volumes` ... */
  async inspectRaw(kind: string, id: string, signal?: AbortSignal): Promise<string> {
    return (await this.#client.bytes('GET', `/${kind}/${encodeURIComponent(id)}`, { signal })).toString(
      'utf8',
    );
  }
}
