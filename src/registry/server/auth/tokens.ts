import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CryptoKey,
  createLocalJWKSet,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  importPKCS8,
  importSPKI,
  importX509,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
  SignJWT,
} from 'jose';
import * as v from 'valibot';
import { InvalidArgument, messageOf } from '../../../api/index.ts';
import type { AuthConfig } from '../config/schema.ts';
import type { Grant, Identity } from './identity.ts';

/** What tokens may be signed with; none that use a shared secret, so that a public key is never taken for one. */
const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'EdDSA', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];

/** Seconds that a token of ours is good for: the time of a long pull, whose requests each show it. */
const LIFETIME = 900;

/** Seconds by which clocks may differ. */
const TOLERANCE = 60;

const Access = v.array(v.object({ type: v.string(), name: v.string(), actions: v.array(v.string()) }));

export interface IssuedToken {
  readonly token: string;
  readonly expiresIn: number;
  readonly issuedAt: Date;
}

/** Tokens as the distribution project specifies them ("Token Authentication Specification"): ours, or those of a service. */
export class Tokens {
  readonly realm: string | undefined;
  readonly service: string;
  readonly #issuer: string;
  readonly #keys: JWTVerifyGetKey;
  readonly #signingKey: CryptoKey | undefined;

  private constructor(
    config: NonNullable<AuthConfig['tokens']>,
    keys: JWTVerifyGetKey,
    signingKey?: CryptoKey,
  ) {
    this.realm = config.realm;
    this.service = config.service;
    this.#issuer = config.issuer;
    this.#keys = keys;
    this.#signingKey = signingKey;
  }

  /** Reads the keys of the service, or reads or makes our own below `root`. Throws InvalidArgument. */
  static async open(config: NonNullable<AuthConfig['tokens']>, root: string): Promise<Tokens> {
    if (config.keys !== undefined) return new Tokens(config, await readKeys(config.keys));
    const key = await ownKey(join(root, 'token-key.pem'));
    const { kty, crv, x, y } = await exportJWK(key);
    return new Tokens(
      config,
      createLocalJWKSet({ keys: [{ kty, crv, x, y, alg: 'ES256' } as JSONWebKeySet['keys'][0]] }),
      key,
    );
  }

  /** Whether this registry gives tokens itself. */
  get isIssuer(): boolean {
    return this.#signingKey !== undefined;
  }

  async issue(user: string, grants: readonly Grant[]): Promise<IssuedToken> {
    const issuedAt = new Date();
    const seconds = Math.floor(issuedAt.getTime() / 1000);
    const token = await new SignJWT({ access: grants as Grant[] })
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT' })
      .setIssuer(this.#issuer)
      .setSubject(user)
      .setAudience(this.service)
      .setIssuedAt(seconds)
      .setNotBefore(seconds)
      .setExpirationTime(seconds + LIFETIME)
      .setJti(randomUUID())
      .sign(this.#signingKey!);
    return { token, expiresIn: LIFETIME, issuedAt };
  }

  /** Who bears a token; undefined when it is not valid, or no longer. */
  async verify(token: string): Promise<Identity | undefined> {
    try {
      const { payload } = await jwtVerify(token, this.#keys, {
        algorithms: ALGORITHMS,
        issuer: this.#issuer,
        audience: this.service,
        clockTolerance: TOLERANCE,
        requiredClaims: ['exp'],
      });
      return { kind: 'token', name: payload.sub ?? '', grants: grantsOf(payload) };
    } catch {
      return undefined;
    }
  }
}

function grantsOf(payload: JWTPayload): Grant[] {
  const access = v.safeParse(Access, payload['access'] ?? []);
  return access.success ? access.output : [];
}

async function readKeys(path: string): Promise<JWTVerifyGetKey> {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.trimStart().startsWith('{')) return createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
    const importer = text.includes('BEGIN CERTIFICATE') ? importX509 : importSPKI;
    // The algorithm is known with the first token only; what it may be depends on the key.
    return async ({ alg = 'ES256' }) => await importer(text, alg);
  } catch (cause) {
    throw new InvalidArgument(`could not read the keys of ${path}: ${messageOf(cause)}`, { cause });
  }
}

async function ownKey(path: string): Promise<CryptoKey> {
  if (!existsSync(path)) {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    await writeFile(`${path}.new`, await exportPKCS8(privateKey), { mode: 0o600 });
    await chmod(`${path}.new`, 0o600);
    await rename(`${path}.new`, path);
  }
  return await importPKCS8(readFileSync(path, 'utf8'), 'ES256', { extractable: true });
}
