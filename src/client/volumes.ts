import type { Client, Query } from './client.ts';
import type { HttpResponse } from './http.ts';
import type { VolumePruneReport, VolumeResource } from './types.ts';

/** What a volume is to be. */
export interface CreateVolume {
  readonly Name?: string | undefined;
  readonly Driver?: string | undefined;
  readonly DriverOpts?: Readonly<Record<string, string>> | undefined;
  readonly Labels?: Readonly<Record<string, string>> | undefined;
}

function at(name: string, action = ''): string {
  return `/volumes/${encodeURIComponent(name)}${action}`;
}

/** Calls on volumes. */
export class Volumes {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  create(volume: CreateVolume, signal?: AbortSignal): Promise<VolumeResource> {
    return this.#client.json('POST', '/volumes/create', { json: volume, signal });
  }

  async list(
    filters: string | undefined,
    signal?: AbortSignal,
  ): Promise<{ readonly volumes: readonly VolumeResource[]; readonly warnings: readonly string[] }> {
    const answer = await this.#client.json<{ Volumes: VolumeResource[] | null; Warnings: string[] | null }>(
      'GET',
      '/volumes',
      { query: { filters }, signal },
    );
    return { volumes: answer.Volumes ?? [], warnings: answer.Warnings ?? [] };
  }

  /** The engine's JSON as it came. */
  async inspectRaw(name: string, signal?: AbortSignal): Promise<string> {
    return (await this.#client.bytes('GET', at(name), { signal })).toString('utf8');
  }

  async remove(name: string, options: Query = {}, signal?: AbortSignal): Promise<void> {
    await this.#client.bytes('DELETE', at(name), { query: options, signal });
  }

  prune(filters: string | undefined, signal?: AbortSignal): Promise<VolumePruneReport> {
    return this.#client.json('POST', '/volumes/prune', { query: { filters }, signal });
  }

  /** Copies a volume. Berth's own. */
  clone(name: string, options: Query, signal?: AbortSignal): Promise<VolumeResource> {
    return this.#client.json('POST', at(name, '/clone'), { query: options, signal });
  }

  /** Berth's own. */
  async rename(name: string, newName: string, signal?: AbortSignal): Promise<void> {
    await this.#client.bytes('POST', at(name, '/rename'), { query: { name: newName }, signal });
  }

  /** The files of a volume as a tar archive. Berth's own. */
  export(name: string, options: Query = {}, signal?: AbortSignal): Promise<HttpResponse> {
    return this.#client.call('GET', at(name, '/export'), { query: options, signal });
  }

  /** Fills a new or an empty volume from a tar archive. Berth's own. */
  import(name: string, tar: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<VolumeResource> {
    return this.#client.json('POST', at(name, '/import'), {
      body: tar,
      contentType: 'application/x-tar',
      signal,
    });
  }
}
