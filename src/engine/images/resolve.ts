import {
  familiarReference,
  type ImageReference,
  InvalidArgument,
  NotFound,
  parseReference,
  withDefaultTag,
} from '../../api/index.ts';
import { type Digest, isDigest, type OciPlatform } from '../../layers/index.ts';
import { formatPlatform, matchesPlatform } from './platform.ts';
import type { StoredImage } from './record.ts';
import type { ImageStore } from './store.ts';

/**
 * The image that a user means: by name, name with tag or digest, full ID, or beginning of an ID, with or without
 * `sha256:`. A name goes before the beginning of an ID. Throws NotFound, and InvalidArgument for what can be no name
 * or is the beginning of two IDs.
 */
export function resolveImage(store: ImageStore, text: string): StoredImage {
  const id = imageIdOf(store, text);
  const image = id && store.find(id);
  if (image === undefined) throw noSuchImage(text);
  return image;
}

/**
 * As `resolveImage`. Throws NotFound also when the image is for none of `platforms`, as long as there are any.
 */
export function resolveFor(store: ImageStore, text: string, platforms: readonly OciPlatform[]): StoredImage {
  const image = resolveImage(store, text);
  const { os, architecture, variant } = image.config;
  const own = { os: os || 'linux', architecture, variant };
  if (platforms.length === 0 || platforms.some((wanted) => matchesPlatform(own, wanted))) return image;
  throw new NotFound(
    `image with reference ${text} was found but its platform (${formatPlatform(own)}) ` +
      `does not match the specified platform (${platforms.map(formatPlatform).join(', ')})`,
  );
}

/** True when `text` is the ID of the image, or the beginning of it, rather than one of its names. */
export function isIdOf(id: Digest, text: string): boolean {
  return id.startsWith(text) || id.slice('sha256:'.length).startsWith(text);
}

/** The error for an image that is not there; clients look for its text before they pull. */
export function noSuchImage(text: string): NotFound {
  const reference = tryReference(text);
  return new NotFound(`No such image: ${reference ? familiarReference(withDefaultTag(reference)) : text}`);
}

function imageIdOf(store: ImageStore, text: string): Digest | undefined {
  const whole = text.startsWith('sha256:') ? text : `sha256:${text}`;
  if (isDigest(whole)) return whole;
  if (text.startsWith('sha256:')) return byPrefix(store, text);
  const isPrefix = /^[0-9a-f]{1,63}$/.test(text);
  // An ID that was shortened can never be a name that is refused.
  const reference = isPrefix ? tryReference(text) : parseReference(text);
  const named = reference && store.idOf(withDefaultTag(reference));
  return named ?? (isPrefix ? byPrefix(store, whole) : undefined);
}

function byPrefix(store: ImageStore, prefix: string): Digest | undefined {
  if (!/^sha256:[0-9a-f]+$/.test(prefix)) return undefined;
  const [first, second] = store.idsWithPrefix(prefix);
  if (second !== undefined)
    throw new InvalidArgument(`multiple IDs found with provided prefix: ${prefix.slice(7)}`);
  return first;
}

/** The name that a text is, or undefined when it can be none. */
export function tryReference(text: string): ImageReference | undefined {
  try {
    return parseReference(text);
  } catch {
    return undefined;
  }
}
