import type { Client, HijackedStream, Query } from './client.ts';
import type { HttpResponse } from './http.ts';
import type {
  ChangeItem,
  ContainerInspect,
  ContainerSummary,
  CreateRequest,
  CreateResponse,
  Resources,
  RestartPolicy,
  TopResponse,
  WaitResponse,
} from './types.ts';

/** Path of a container. Names are escaped, so that none can reach another call. */
function at(id: string, action = ''): string {
  return `/containers/${encodeURIComponent(id)}${action}`;
}

export interface ListContainersOptions {
  readonly all?: boolean | undefined;
  readonly limit?: number | undefined;
  readonly size?: boolean | undefined;
  /** JSON of filters. */
  readonly filters?: string | undefined;
}

export interface LogsOptions {
  readonly follow?: boolean | undefined;
  readonly stdout?: boolean | undefined;
  readonly stderr?: boolean | undefined;
  /** Seconds since 1970, with a fraction. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly timestamps?: boolean | undefined;
  readonly tail?: string | undefined;
  readonly details?: boolean | undefined;
}

export interface AttachOptions {
  readonly stream?: boolean | undefined;
  readonly stdin?: boolean | undefined;
  readonly stdout?: boolean | undefined;
  readonly stderr?: boolean | undefined;
  readonly logs?: boolean | undefined;
  readonly detachKeys?: string | undefined;
}

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/** Calls on containers. `id` is an ID, a unique beginning of one, or a name. */
export class Containers {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  list(options: ListContainersOptions = {}, signal?: AbortSignal): Promise<ContainerSummary[]> {
    return this.#client.json('GET', '/containers/json', { query: { ...options }, signal });
  }

  create(
    request: CreateRequest,
    options: { name?: string | undefined; platform?: string | undefined } = {},
    signal?: AbortSignal,
  ): Promise<CreateResponse> {
    const query = { name: options.name || undefined, platform: options.platform || undefined };
    return this.#client.json('POST', '/containers/create', { query, json: request, signal });
  }

  inspect(id: string, options: { size?: boolean } = {}, signal?: AbortSignal): Promise<ContainerInspect> {
    return this.#client.json('GET', at(id, '/json'), { query: { size: options.size }, signal });
  }

  /** As `inspect`, the engine's JSON as it came. */
  async inspectRaw(id: string, options: { size?: boolean } = {}, signal?: AbortSignal): Promise<string> {
    const bytes = await this.#client.bytes('GET', at(id, '/json'), { query: { size: options.size }, signal });
    return bytes.toString('utf8');
  }

  start(id: string, options: Query = {}, signal?: AbortSignal): Promise<void> {
    return this.#do('POST', at(id, '/start'), options, signal);
  }

  /** `t` in seconds; -1 waits for ever. */
  stop(
    id: string,
    options: { t?: number | undefined; signal?: string | undefined } = {},
    signal?: AbortSignal,
  ): Promise<void> {
    return this.#do('POST', at(id, '/stop'), { ...options, signal: options.signal || undefined }, signal);
  }

  restart(
    id: string,
    options: { t?: number | undefined; signal?: string | undefined } = {},
    signal?: AbortSignal,
  ): Promise<void> {
    return this.#do('POST', at(id, '/restart'), { ...options, signal: options.signal || undefined }, signal);
  }

  kill(id: string, name: string | undefined, signal?: AbortSignal): Promise<void> {
    return this.#do('POST', at(id, '/kill'), { signal: name || undefined }, signal);
  }

  pause(id: string, signal?: AbortSignal): Promise<void> {
    return this.#do('POST', at(id, '/pause'), {}, signal);
  }

  unpause(id: string, signal?: AbortSignal): Promise<void> {
    return this.#do('POST', at(id, '/unpause'), {}, signal);
  }

  async createCheckpoint(
    id: string,
    request: { CheckpointID: string; CheckpointDir: string; Exit: boolean },
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#client.bytes('POST', at(id, '/checkpoints'), { json: request, signal });
  }

  /** The checkpoints in the container's own folder, or in `dir`. */
  async checkpoints(id: string, dir: string, signal?: AbortSignal): Promise<Array<{ Name: string }>> {
    const query = { dir: dir || undefined };
    return (
      (await this.#client.json<Array<{ Name: string }> | null>('GET', at(id, '/checkpoints'), {
        query,
        signal,
      })) ?? []
    );
  }

  removeCheckpoint(id: string, name: string, dir: string, signal?: AbortSignal): Promise<void> {
    const query = { dir: dir || undefined };
    return this.#do('DELETE', at(id, `/checkpoints/${encodeURIComponent(name)}`), query, signal);
  }

  rename(id: string, name: string, signal?: AbortSignal): Promise<void> {
    return this.#do('POST', at(id, '/rename'), { name }, signal);
  }

  remove(
    id: string,
    options: { v?: boolean; force?: boolean; link?: boolean } = {},
    signal?: AbortSignal,
  ): Promise<void> {
    return this.#do('DELETE', at(id), { ...options }, signal);
  }

  /** Asks to be told of the exit. The call is registered once this resolves; `exit` settles when it happens. */
  async wait(
    id: string,
    condition?: WaitCondition,
    signal?: AbortSignal,
  ): Promise<{ exit: Promise<WaitResponse> }> {
    const response = await this.#client.call('POST', at(id, '/wait'), { query: { condition }, signal });
    const exit = response
      .bytes(1024 * 1024)
      .then((bytes) => JSON.parse(bytes.toString('utf8')) as WaitResponse);
    // Whoever asked may turn away before the exit.
    exit.catch(() => {});
    return { exit };
  }

  /** The log as a stream; framed unless the container has a terminal. */
  logs(id: string, options: LogsOptions, signal?: AbortSignal): Promise<HttpResponse> {
    return this.#client.call('GET', at(id, '/logs'), { query: { ...options }, signal });
  }

  attach(id: string, options: AttachOptions, signal?: AbortSignal): Promise<HijackedStream> {
    const query = { ...options, detachKeys: options.detachKeys || undefined };
    return this.#client.hijack('POST', at(id, '/attach'), { query, signal });
  }

  resize(id: string, size: { height: number; width: number }, signal?: AbortSignal): Promise<void> {
    return this.#do('POST', at(id, '/resize'), { h: size.height, w: size.width }, signal);
  }

  top(id: string, psArgs: string, signal?: AbortSignal): Promise<TopResponse> {
    return this.#client.json('GET', at(id, '/top'), { query: { ps_args: psArgs || undefined }, signal });
  }

  changes(id: string, signal?: AbortSignal): Promise<ChangeItem[] | null> {
    return this.#client.json('GET', at(id, '/changes'), { signal });
  }

  /** Resource use: once a second, or once when `stream` is false. */
  stats(
    id: string,
    options: { stream: boolean; oneShot?: boolean },
    signal?: AbortSignal,
  ): AsyncGenerator<unknown, void> {
    const query = { stream: options.stream ? '1' : '0', 'one-shot': options.oneShot };
    return this.#client.lines('GET', at(id, '/stats'), { query, signal });
  }

  update(
    id: string,
    request: Partial<Resources> & { RestartPolicy?: RestartPolicy },
    signal?: AbortSignal,
  ): Promise<{ Warnings: string[] | null }> {
    return this.#client.json('POST', at(id, '/update'), { json: request, signal });
  }

  /** The container's file system as a tar stream. */
  export(id: string, signal?: AbortSignal): Promise<HttpResponse> {
    return this.#client.call('GET', at(id, '/export'), { signal });
  }

  /** A path of the container as a tar stream, with its description in the `x-docker-container-path-stat` field. */
  getArchive(id: string, path: string, signal?: AbortSignal): Promise<HttpResponse> {
    return this.#client.call('GET', at(id, '/archive'), { query: { path }, signal });
  }

  statPath(id: string, path: string, signal?: AbortSignal): Promise<HttpResponse> {
    return this.#client.call('HEAD', at(id, '/archive'), { query: { path }, signal });
  }

  /** Unpacks a tar stream into a folder of the container. */
  async putArchive(
    id: string,
    path: string,
    tar: AsyncIterable<Uint8Array>,
    options: { noOverwriteDirNonDir?: boolean; copyUIDGID?: boolean } = {},
    signal?: AbortSignal,
  ): Promise<void> {
    const query = { path, ...options };
    await this.#client.bytes('PUT', at(id, '/archive'), {
      query,
      body: tar,
      contentType: 'application/x-tar',
      signal,
    });
  }

  prune(
    filters: string | undefined,
    signal?: AbortSignal,
  ): Promise<{ ContainersDeleted: string[] | null; SpaceReclaimed: number }> {
    return this.#client.json('POST', '/containers/prune', { query: { filters }, signal });
  }

  async #do(method: string, path: string, query: Query, signal: AbortSignal | undefined): Promise<void> {
    await this.#client.bytes(method, path, { query, signal });
  }
}
