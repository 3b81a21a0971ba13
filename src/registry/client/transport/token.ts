import * as v from 'valibot';
import { parse } from '../../../layers/index.ts';
import type { Credentials } from '../credentials.ts';
import { RegistryFailure } from '../failure.ts';
import { expectStatus } from './answers.ts';
import type { Challenge } from './challenge.ts';
import type { HttpRequest, HttpResponse } from './http.ts';

/** What a registry takes as proof, for a while. */
export interface Token {
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
  /** Can be used to get other tokens in place of a password. */
  readonly refreshToken: string | undefined;
}

/** Sends a request to the place that issues tokens. */
export type TokenFetch = (request: Omit<HttpRequest, 'signal'>) => Promise<HttpResponse>;

const CLIENT = 'berth';
/** Bytes of an answer at most. */
const MAX_ANSWER = 1 << 20;
/** Seconds that a token holds which says nothing, by the specification. */
const DEFAULT_LIFE = 60;

const schema = v.looseObject({
  token: v.nullish(v.string()),
  access_token: v.nullish(v.string()),
  refresh_token: v.nullish(v.string()),
  expires_in: v.nullish(v.number()),
});

/**
 * Fetches a token as the challenge says: by GET with a password or as nobody, by POST (OAuth 2) with an identity token.
 * Throws RegistryFailure.
 */
export async function requestToken(
  fetch: TokenFetch,
  challenge: Challenge,
  scopes: readonly string[],
  credentials: Credentials,
): Promise<Token> {
  const { realm = '', service = '', scope } = challenge.parameters;
  const url = URL.parse(realm);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new RegistryFailure(`the registry names no place to get a token from: "${realm}"`, { status: 400 });
  const wanted = scopes.length > 0 ? scopes : (scope?.split(' ').filter(Boolean) ?? []);
  const request = credentials.identityToken
    ? byIdentityToken(url, service, wanted, credentials.identityToken)
    : byPassword(url, service, wanted, credentials);
  const response = await expectStatus(await fetch(request), 200);
  const answer = parse(schema, await response.bytes(MAX_ANSWER), `the token from ${url.origin}`);
  const text = answer.token || answer.access_token;
  if (!text) throw new RegistryFailure(`${url.origin} has issued no token`, { status: 400 });
  return {
    text,
    expires: Date.now() + (answer.expires_in || DEFAULT_LIFE) * 1000,
    refreshToken: answer.refresh_token ?? undefined,
  };
}

function byPassword(url: URL, service: string, scopes: readonly string[], credentials: Credentials) {
  const { username, password } = credentials;
  if (service !== '') url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (username === '') return { method: 'GET', url };
  url.searchParams.set('account', username);
  // For `login`, which has nothing to do yet: a token that lasts.
  if (scopes.length === 0) {
    url.searchParams.set('offline_token', 'true');
    url.searchParams.set('client_id', CLIENT);
  }
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return { method: 'GET', url, headers: { Authorization: authorization } };
}

function byIdentityToken(url: URL, service: string, scopes: readonly string[], identityToken: string) {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: identityToken,
    service,
    client_id: CLIENT,
    scope: scopes.join(' '),
  });
  return {
    method: 'POST',
    url,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
  };
}
