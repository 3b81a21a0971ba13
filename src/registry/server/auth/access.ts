import type { AuthConfig } from '../config/schema.ts';
import { RegistryError } from '../errors.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Action } from '../http/router.ts';
import { Htpasswd } from './htpasswd.ts';
import type { Grant, Identity } from './identity.ts';
import { defaultRules, Rules } from './rules.ts';
import { Tokens } from './tokens.ts';

const ACTIONS: readonly Action[] = ['pull', 'push', 'delete'];

/** Who may do what. Without a configuration everybody may do everything. */
export class Access implements AsyncDisposable {
  readonly tokens: Tokens | undefined;
  readonly #htpasswd: Htpasswd | undefined;
  readonly #rules: Rules | undefined;

  private constructor(rules?: Rules, htpasswd?: Htpasswd, tokens?: Tokens) {
    this.#rules = rules;
    this.#htpasswd = htpasswd;
    this.tokens = tokens;
  }

  /** Throws InvalidArgument for files that cannot be read. */
  static async open(config: AuthConfig | undefined, root: string): Promise<Access> {
    if (config === undefined) return new Access();
    const rules = new Rules(config.rules ?? defaultRules(config.anonymousPull));
    const htpasswd = config.htpasswd === undefined ? undefined : new Htpasswd(config.htpasswd);
    return new Access(rules, htpasswd, config.tokens && (await Tokens.open(config.tokens, root)));
  }

  /** Finds out who asks. Throws UNAUTHORIZED for credentials that are wrong. */
  async identify(exchange: Exchange): Promise<Identity> {
    const header = exchange.req.headers.authorization;
    if (this.#rules === undefined || header === undefined) return { kind: 'anonymous' };
    const [scheme = '', rest = ''] = header.split(/ +/, 2);
    if (/^basic$/i.test(scheme)) return await this.signIn(exchange, rest);
    if (/^bearer$/i.test(scheme) && this.tokens) {
      const identity = await this.tokens.verify(rest);
      if (identity) return identity;
      throw this.#unauthorized(exchange, 'the token is not valid, or no longer', undefined, 'invalid_token');
    }
    throw this.#unauthorized(exchange, `${scheme.slice(0, 20)} credentials are not understood here`);
  }

  /** Whether somebody may do something with a repository. */
  permits(identity: Identity, repository: string, action: Action): boolean {
    if (this.#rules === undefined) return true;
    if (identity.kind !== 'token') {
      return this.#rules.permits(identity.kind === 'user' ? identity.name : undefined, repository, action);
    }
    return identity.grants.some(
      ({ type, name, actions }) =>
        type === 'repository' && name === repository && (actions.includes(action) || actions.includes('*')),
    );
  }

  /** Throws UNAUTHORIZED when other credentials could help, DENIED when the user has shown the best there are. */
  require(exchange: Exchange, repository: string, action: Action): void {
    const { identity } = exchange;
    if (this.permits(identity, repository, action)) return;
    if (identity.kind === 'user') {
      throw new RegistryError('DENIED', `${identity.name} may not ${action} here`, {
        detail: { name: repository, action },
      });
    }
    const scope = `repository:${repository}:${action === 'push' ? 'pull,push' : action}`;
    const error = identity.kind === 'token' ? 'insufficient_scope' : undefined;
    throw this.#unauthorized(exchange, `sign in to ${action} here`, scope, error);
  }

  /** Throws UNAUTHORIZED when credentials are in use here and none came. */
  requireIdentity(exchange: Exchange): void {
    if (this.#rules === undefined || exchange.identity.kind !== 'anonymous') return;
    throw this.#unauthorized(exchange, 'sign in first');
  }

  /** The repositories that somebody may pull from. */
  async *visible(identity: Identity, names: AsyncIterable<string>): AsyncGenerator<string> {
    // What a token of ours lets its bearer do with one repository says nothing of the others: the rules do.
    const isOurs = identity.kind === 'token' && this.tokens?.isIssuer === true;
    const viewer = isOurs ? holderOf(identity.name) : identity;
    const seesAll =
      viewer.kind === 'token' &&
      viewer.grants.some(
        ({ type, name, actions }) => type === 'registry' && name === 'catalog' && actions.includes('*'),
      );
    for await (const name of names) {
      if (seesAll || this.permits(viewer, name, 'pull')) yield name;
    }
  }

  /** The part of what a client asks a token for that its user may do. */
  grants(identity: Identity, scopes: readonly string[]): Grant[] {
    return scopes.flatMap((scope) => {
      const match = /^(repository|registry)(?:\([^)]*\))?:(.+):([a-z,*]+)$/.exec(scope);
      if (!match) return [];
      const [, type = '', name = '', wanted = ''] = match;
      const asked = wanted.split(',');
      if (type === 'registry') return [{ type, name, actions: name === 'catalog' ? ['*'] : [] }];
      const actions = ACTIONS.filter(
        (action) => (asked.includes(action) || asked.includes('*')) && this.permits(identity, name, action),
      );
      return [{ type, name, actions }];
    });
  }

  /** Whoever shows these Basic credentials; nobody for empty ones, which some clients send for want of better. */
  async signIn(exchange: Exchange, encoded: string): Promise<Identity> {
    const text = Buffer.from(encoded, 'base64').toString();
    if (text === ':' || text === '') return { kind: 'anonymous' };
    const colon = text.indexOf(':');
    const user = text.slice(0, Math.max(colon, 0));
    if (await this.#htpasswd?.verify(user, text.slice(colon + 1))) return { kind: 'user', name: user };
    throw this.#unauthorized(exchange, 'the user name or the password is wrong');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#htpasswd?.[Symbol.asyncDispose]();
  }

  /** With the challenge of RFC 9110, section 11.6.1, that says how to sign in. */
  #unauthorized(exchange: Exchange, message: string, scope?: string, error?: string): RegistryError {
    return new RegistryError('UNAUTHORIZED', message, {
      headers: { 'WWW-Authenticate': this.#challenge(exchange, scope, error) },
      detail: scope,
    });
  }

  #challenge(exchange: Exchange, scope: string | undefined, error: string | undefined): string {
    if (!this.tokens || exchange.path === '/token') return 'Basic realm="Berth Registry"';
    const realm = this.tokens.realm ?? `${exchange.origin}/token`;
    const fields = { realm, service: this.tokens.service, scope, error };
    const given = Object.entries(fields).filter(([, value]) => value !== undefined);
    return `Bearer ${given.map(([name, value]) => `${name}="${value?.replace(/["\\]/g, '')}"`).join(',')}`;
  }
}

function holderOf(name: string): Identity {
  return name === '' ? { kind: 'anonymous' } : { kind: 'user', name };
}
