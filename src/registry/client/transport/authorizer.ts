import type { Credentials } from '../credentials.ts';
import { RegistryFailure } from '../failure.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { HttpResponse } from './http.ts';
import { requestToken, type Token, type TokenFetch } from './token.ts';

/** A token is renewed so long before it ends, in milliseconds. */
const MARGIN = 5000;

/**
 * Proves to one registry who the user is: learns from its challenges how, and fetches tokens for what is to be done
 * (Distribution's token authentication).
 */
export class Authorizer {
  readonly #credentials: Credentials;
  readonly #fetch: TokenFetch;
  readonly #tokens = new Map<string, Promise<Token>>();
  #challenge: Challenge | undefined;

  constructor(credentials: Credentials, fetch: TokenFetch) {
    this.#credentials = credentials;
    this.#fetch = fetch;
  }

  /** What goes into the Authorization header for `scopes`, as far as it is known how. Throws RegistryFailure. */
  async header(scopes: readonly string[]): Promise<string | undefined> {
    const { username, password, registryToken } = this.#credentials;
    if (registryToken !== '') return `Bearer ${registryToken}`;
    if (this.#challenge === undefined) return undefined;
    if (this.#challenge.scheme === 'basic')
      return username === ''
        ? undefined
        : `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    return `Bearer ${(await this.#token(this.#challenge, scopes)).text}`;
  }

  /**
   * Learns from a refusal (401). True when the request may be sent once more; otherwise the refusal stands. Throws
   * RegistryFailure when nobody has said who the user is.
   */
  learn(response: HttpResponse, scopes: readonly string[]): boolean {
    const challenges = parseChallenges(response.header('www-authenticate') ?? '');
    const challenge =
      challenges.find(({ scheme }) => scheme === 'bearer') ??
      challenges.find(({ scheme }) => scheme === 'basic');
    if (challenge === undefined || this.#credentials.registryToken !== '') return false;
    if (challenge.scheme === 'basic') {
      if (this.#credentials.username === '')
        throw new RegistryFailure('no basic auth credentials', { status: 401, code: 'UNAUTHORIZED' });
      const isNews = this.#challenge?.scheme !== 'basic';
      this.#challenge = challenge;
      return isNews;
    }
    this.#challenge = challenge;
    // A token that is refused has been revoked, or is for less than is needed.
    this.#tokens.delete(keyOf(scopes));
    return true;
  }

  /** The token that stands for the password from now on, for `login`; undefined where there is none. */
  async identityToken(): Promise<string | undefined> {
    if (this.#challenge?.scheme !== 'bearer') return undefined;
    return (await this.#token(this.#challenge, [])).refreshToken;
  }

  async #token(challenge: Challenge, scopes: readonly string[]): Promise<Token> {
    const key = keyOf(scopes);
    const known = await this.#tokens.get(key);
    if (known !== undefined && known.expires - MARGIN > Date.now()) return known;
    const fetching = requestToken(this.#fetch, challenge, scopes, this.#credentials);
    this.#tokens.set(key, fetching);
    try {
      return await fetching;
    } catch (error) {
      if (this.#tokens.get(key) === fetching) this.#tokens.delete(key);
      throw error;
    }
  }
}

function keyOf(scopes: readonly string[]): string {
  return scopes.toSorted().join(' ');
}
