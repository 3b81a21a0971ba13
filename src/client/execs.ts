import type { Client, HijackedStream } from './client.ts';
import type { ExecConfig } from './types.ts';

/** Calls on processes started in a running container. */
export class Execs {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async create(container: string, config: ExecConfig, signal?: AbortSignal): Promise<string> {
    const path = `/containers/${encodeURIComponent(container)}/exec`;
    const { Id } = await this.#client.json<{ Id: string }>('POST', path, { json: config, signal });
    return Id;
  }

  /** Starts the process and leaves it alone. */
  async start(
    id: string,
    options: { Tty: boolean; ConsoleSize?: readonly [number, number] },
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#client.bytes('POST', `/exec/${encodeURIComponent(id)}/start`, {
      json: { Detach: true, ...options },
      signal,
    });
  }

  /** Starts the process with its streams on the connection. */
  attach(
    id: string,
    options: { Tty: boolean; ConsoleSize?: readonly [number, number] },
    signal?: AbortSignal,
  ): Promise<HijackedStream> {
    const json = { Detach: false, ...options };
    return this.#client.hijack('POST', `/exec/${encodeURIComponent(id)}/start`, { json, signal });
  }

  async resize(id: string, size: { height: number; width: number }, signal?: AbortSignal): Promise<void> {
    const query = { h: size.height, w: size.width };
    await this.#client.bytes('POST', `/exec/${encodeURIComponent(id)}/resize`, { query, signal });
  }

  inspect(
    id: string,
    signal?: AbortSignal,
  ): Promise<{ Running: boolean; ExitCode: number | null; Pid: number }> {
    return this.#client.json('GET', `/exec/${encodeURIComponent(id)}/json`, { signal });
  }
}
