import { createHash } from 'node:crypto';
import { InvalidArgument } from '../api/index.ts';

/** A content address of the OCI image specification: `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`;

/** True for a complete, well-formed digest. */
export function isDigest(text: string): text is Digest {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

/**
 * Hands back a digest that came from outside. Throws InvalidArgument when it is malformed or of another algorithm.
 */
export function parseDigest(text: string): Digest {
  if (!isDigest(text))
    throw new InvalidArgument(`invalid digest "${text}": sha256 and 64 hexadecimal digits are expected`);
  return text;
}

/** The hexadecimal part: what a file in the store is called. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** The digest of some bytes. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/**
 * The chain ID of a stack of layers, lowest first: what names the stack as a whole (OCI image specification,
 * config.md). Undefined for an empty stack.
 */
export function chainIdOf(diffIds: readonly Digest[]): Digest | undefined {
  return diffIds.reduce<Digest | undefined>(
    (chain, diffId) => (chain === undefined ? diffId : digestOf(Buffer.from(`${chain} ${diffId}`))),
    undefined,
  );
}
