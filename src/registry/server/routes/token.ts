import type { Identity } from '../auth/identity.ts';
import { RegistryError } from '../errors.ts';
import { readBody } from '../http/body.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Router } from '../http/router.ts';
import type { RegistryParts } from '../parts.ts';

/** The largest form that asks for a token. */
const MAX_FORM = 64 << 10;

/** Gives tokens to those who show a password, and to anybody for what anybody may do. */
export function tokenRoutes(router: Router, { access }: RegistryParts): void {
  const { tokens } = access;
  if (!tokens?.isIssuer) return;

  router.addFixed('GET', '/token', async (exchange) => {
    const signsIn = exchange.query.has('account') || exchange.query.has('offline_token');
    // Who asks for nothing in particular wants to know whether the password is right.
    if (signsIn || !exchange.query.has('scope')) access.requireIdentity(exchange);
    await give(exchange, exchange.identity, exchange.query.getAll('scope'));
  });

  router.addFixed('POST', '/token', async (exchange) => {
    const form = new URLSearchParams((await readBody(exchange, MAX_FORM)).toString());
    if (form.get('grant_type') !== 'password') {
      throw new RegistryError('UNSUPPORTED', 'only the grant type "password" is known', { status: 400 });
    }
    const credentials = Buffer.from(`${form.get('username') ?? ''}:${form.get('password') ?? ''}`);
    const identity = await access.signIn(exchange, credentials.toString('base64'));
    await give(exchange, identity, form.getAll('scope'));
  });

  async function give(exchange: Exchange, identity: Identity, scopes: readonly string[]): Promise<void> {
    const grants = access.grants(
      identity,
      scopes.flatMap((scope) => scope.split(' ')),
    );
    const name = identity.kind === 'user' ? identity.name : '';
    const { token, expiresIn, issuedAt } = await tokens!.issue(name, grants);
    const answer = { token, access_token: token, expires_in: expiresIn, issued_at: issuedAt.toISOString() };
    exchange.json(200, answer, { 'Cache-Control': 'no-store' });
  }
}
