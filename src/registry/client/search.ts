import * as v from 'valibot';
import { InvalidArgument } from '../../api/index.ts';
import { parse } from '../../layers/index.ts';
import type { Credentials } from './credentials.ts';
import type { Endpoint } from './endpoints.ts';
import { explain } from './explain.ts';
import type { RegistryClient } from './registry-client.ts';
import { expectStatus } from './transport/answers.ts';

/** Where Docker Hub is searched: not where its images are. */
const HUB_URL = 'https://index.docker.io';
const HUB_SEARCH: Endpoint = { url: new URL(HUB_URL), verify: true, mirror: false };

const MAX_ANSWER = 4 << 20;

const schema = v.looseObject({
  results: v.nullish(
    v.array(
      v.looseObject({
        name: v.string(),
        description: v.nullish(v.string(), ''),
        star_count: v.nullish(v.number(), 0),
        is_official: v.nullish(v.boolean(), false),
        is_automated: v.nullish(v.boolean(), false),
      }),
    ),
    [],
  ),
});

/** A repository that a search has found. */
export interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly star_count: number;
  readonly is_official: boolean;
  readonly is_automated: boolean;
}

export interface SearchOptions {
  /** Results at most, 1 to 100. */
  readonly limit: number;
  readonly credentials?: Credentials | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Searches `host/term`, or Docker Hub for a term without a host, by the protocol of registries of the first version. */
export async function search(
  client: RegistryClient,
  text: string,
  { limit, credentials, signal }: SearchOptions,
): Promise<SearchResult[]> {
  if (/^[a-z]+:\/\//.test(text))
    throw new InvalidArgument('invalid repository name: repository name should not contain a scheme');
  const slash = text.indexOf('/');
  const first = text.slice(0, Math.max(0, slash));
  const isHost = /[.:]/.test(first) || first === 'localhost';
  const domain = isHost ? first : 'docker.io';
  const term = isHost ? text.slice(slash + 1) : text;
  const query = new URLSearchParams({ q: term.replace(/^library\//, ''), n: String(limit) });
  const endpoints = domain === 'docker.io' || domain === 'index.docker.io' ? [HUB_SEARCH] : undefined;
  try {
    return await client.atRegistry(domain, { credentials, signal, endpoints }, async (session) => {
      const response = await session.request({ method: 'GET', target: `/v1/search?${query}`, signal });
      await expectStatus(response, 200);
      const bytes = await response.bytes(MAX_ANSWER);
      return parse(schema, bytes, `the answer of ${domain}`).results.slice(0, limit);
    });
  } catch (error) {
    throw explain(error, domain);
  }
}
