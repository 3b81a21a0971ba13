import type { AuthConfig } from './auth.ts';
import type { Client, Query } from './client.ts';

/** A repository that a search has found. */
export interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly star_count: number;
  readonly is_official: boolean;
  readonly is_automated: boolean;
}

/** Calls that have the engine ask a registry. */
export class Registries {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Tries credentials. */
  login(auth: AuthConfig, signal?: AbortSignal): Promise<{ Status?: string; IdentityToken?: string }> {
    return this.#client.json('POST', '/auth', { json: auth, signal });
  }

  search(
    options: Query,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<SearchResult[]> {
    return this.#client.json('GET', '/images/search', { query: options, headers, signal });
  }
}
