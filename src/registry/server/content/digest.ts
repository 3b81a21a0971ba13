import { createHash, type Hash } from 'node:crypto';
import { RegistryError } from '../errors.ts';

/** The algorithms of the OCI image specification, with the length of their hexadecimal form. */
const HEX_LENGTH = { sha256: 64, sha512: 128 } as const;

export type Algorithm = keyof typeof HEX_LENGTH;

/** A content address: `sha256:` or `sha512:` and lower-case hexadecimal digits. */
export type ContentDigest = `${Algorithm}:${string}`;

export function isContentDigest(text: string): text is ContentDigest {
  const colon = text.indexOf(':');
  const length = (HEX_LENGTH as Record<string, number>)[text.slice(0, Math.max(colon, 0))];
  const hex = text.slice(colon + 1);
  return hex.length === length && /^[0-9a-f]+$/.test(hex);
}

/** Hands back a digest that came from outside. Throws DIGEST_INVALID. */
export function checkDigest(text: string): ContentDigest {
  if (isContentDigest(text)) return text;
  throw new RegistryError('DIGEST_INVALID', `invalid digest "${text.slice(0, 160)}"`);
}

export function splitDigest(digest: ContentDigest): { algorithm: Algorithm; hex: string } {
  const [algorithm, hex] = digest.split(':') as [Algorithm, string];
  return { algorithm, hex };
}

export function hasher(algorithm: Algorithm): Hash {
  return createHash(algorithm);
}

export function contentDigest(bytes: Uint8Array, algorithm: Algorithm = 'sha256'): ContentDigest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}
