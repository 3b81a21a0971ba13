import type { Storage } from '../storage/storage.ts';
import { type ContentDigest, isContentDigest } from './digest.ts';

/** A link is a small object that holds a digest and nothing else. Undefined when there is none. */
export async function readLink(storage: Storage, key: string): Promise<ContentDigest | undefined> {
  const text = (await storage.read(key, 512))?.toString('latin1').trim();
  if (text === undefined) return undefined;
  if (!isContentDigest(text))
    throw new Error(`${key} in ${storage.description} is damaged: it holds no digest`);
  return text;
}

export function writeLink(storage: Storage, key: string, digest: ContentDigest): Promise<void> {
  return storage.write(key, Buffer.from(digest, 'latin1'));
}

/** The digests below a key under which links lie as `<algorithm>/<hex>/link`. */
export async function* linkedDigests(storage: Storage, key: string): AsyncGenerator<ContentDigest> {
  for (const algorithm of await storage.list(key)) {
    for (const { name } of await storage.list(`${key}/${algorithm.name}`)) {
      const digest = `${algorithm.name}:${name}`;
      if (isContentDigest(digest)) yield digest;
    }
  }
}
