import type { Client, Query } from './client.ts';
import type { HttpResponse } from './http.ts';
import type { HistoryItem, ImageDeleteItem, ImageSummary, ProgressMessage } from './types.ts';

/** Path of an image. A reference's slashes stay: the engine's routes take them as they are. */
function at(reference: string, action = ''): string {
  return `/images/${reference.split('/').map(encodeURIComponent).join('/')}${action}`;
}

/** Calls on images. */
export class Images {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  list(options: Query = {}, signal?: AbortSignal): Promise<ImageSummary[]> {
    return this.#client.json('GET', '/images/json', { query: options, signal });
  }

  /** The engine's JSON as it came. */
  async inspectRaw(reference: string, options: Query = {}, signal?: AbortSignal): Promise<string> {
    return (await this.#client.bytes('GET', at(reference, '/json'), { query: options, signal })).toString(
      'utf8',
    );
  }

  history(reference: string, options: Query = {}, signal?: AbortSignal): Promise<HistoryItem[]> {
    return this.#client.json('GET', at(reference, '/history'), { query: options, signal });
  }

  /** Hands an archive of images to the engine; what it says comes back line by line. */
  load(tar: AsyncIterable<Uint8Array>, options: Query = {}, signal?: AbortSignal): Promise<HttpResponse> {
    return this.#client.call('POST', '/images/load', {
      query: options,
      body: tar,
      contentType: 'application/x-tar',
      signal,
    });
  }

  /** An archive of images, as bytes that come as they are read. */
  save(references: readonly string[], platform?: string, signal?: AbortSignal): Promise<HttpResponse> {
    const query = { names: references, platform };
    return this.#client.call('GET', '/images/get', { query, signal });
  }

  /** Makes an image: from a registry (`fromImage`), or from a root file system (`fromSrc`, with the archive as the body). */
  create(
    options: Query,
    body: AsyncIterable<Uint8Array> | undefined,
    headers: Readonly<Record<string, string>> = {},
    signal?: AbortSignal,
  ): AsyncGenerator<ProgressMessage, void> {
    return this.#client.lines('POST', '/images/create', {
      query: options,
      body,
      contentType: 'text/plain',
      headers,
      signal,
    });
  }

  /** Pushes an image, or without a `tag` all of a repository. */
  push(
    repository: string,
    options: Query,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): AsyncGenerator<ProgressMessage, void> {
    return this.#client.lines('POST', at(repository, '/push'), { query: options, headers, signal });
  }

  async tag(reference: string, repo: string, tag: string, signal?: AbortSignal): Promise<void> {
    await this.#client.bytes('POST', at(reference, '/tag'), {
      query: { repo, tag: tag || undefined },
      signal,
    });
  }

  remove(reference: string, options: Query = {}, signal?: AbortSignal): Promise<ImageDeleteItem[]> {
    return this.#client.json('DELETE', at(reference), { query: options, signal });
  }

  prune(
    filters: string | undefined,
    signal?: AbortSignal,
  ): Promise<{ ImagesDeleted: ImageDeleteItem[] | null; SpaceReclaimed: number }> {
    return this.#client.json('POST', '/images/prune', { query: { filters }, signal });
  }

  async commit(options: Query, config: unknown, signal?: AbortSignal): Promise<string> {
    return (
      await this.#client.json<{ Id: string }>('POST', '/commit', { query: options, json: config, signal })
    ).Id;
  }
}
