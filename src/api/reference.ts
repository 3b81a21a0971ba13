import { InvalidArgument } from './errors.ts';

/** The name of an image: where it is (`domain`), what it is called there (`path`), and which one. Always complete. */
export interface ImageReference {
  /** Host of the registry, with its port if it has one: `docker.io` unless told otherwise. */
  readonly domain: string;
  /** `library/busybox` */
  readonly path: string;
  readonly tag?: string | undefined;
  /** `sha256:...` */
  readonly digest?: string | undefined;
}

const DEFAULT_DOMAIN = 'docker.io';
const LEGACY_DOMAIN = 'index.docker.io';
const OFFICIAL = 'library/';

/** Bytes of a repository's name, the domain not counted. */
const MAX_NAME = 255;

const DOMAIN_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = new RegExp(`^(?:${DOMAIN_PART}(?:\\.${DOMAIN_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

/**
 * Reads a name as people write it (`busybox`, `me/app:1.0`, `localhost:5000/app@sha256:...`) and completes it with
 * Docker's defaults; no tag is added. Throws InvalidArgument with Docker's texts.
 */
export function parseReference(text: string): ImageReference {
  if (/^[0-9a-f]{64}$/.test(text)) {
    throw new InvalidArgument(
      `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`,
    );
  }
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const { domain, rest } = splitDomain(at < 0 ? text : text.slice(0, at));
  const colon = rest.lastIndexOf(':');
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  const remote = colon < 0 ? rest : rest.slice(0, colon);
  const path = domain === DEFAULT_DOMAIN && !remote.includes('/') ? OFFICIAL + remote : remote;
  if (path.toLowerCase() !== path) {
    throw new InvalidArgument(`invalid reference format: repository name (${path}) must be lowercase`);
  }
  const fine =
    DOMAIN.test(domain) &&
    PATH.test(path) &&
    (tag === undefined || TAG.test(tag)) &&
    (digest === undefined || DIGEST.test(digest));
  if (!fine) throw new InvalidArgument('invalid reference format');
  if (path.length > MAX_NAME) {
    throw new InvalidArgument(`repository name must not be more than ${MAX_NAME} characters`);
  }
  return { domain, path, tag, digest };
}

/** The first part is a registry when it looks like a host; otherwise it belongs to the path. */
function splitDomain(text: string): { domain: string; rest: string } {
  const slash = text.indexOf('/');
  const first = text.slice(0, Math.max(slash, 0));
  const isHost = /[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first;
  if (slash < 0 || !isHost) return { domain: DEFAULT_DOMAIN, rest: text };
  return { domain: first === LEGACY_DOMAIN ? DEFAULT_DOMAIN : first, rest: text.slice(slash + 1) };
}

/** The complete name without tag and digest: `docker.io/library/busybox`. */
export function repositoryOf({ domain, path }: ImageReference): string {
  return `${domain}/${path}`;
}

/** The name as people write it, without tag and digest: `busybox`. */
export function familiarName({ domain, path }: ImageReference): string {
  if (domain !== DEFAULT_DOMAIN) return `${domain}/${path}`;
  const short = path.slice(OFFICIAL.length);
  return path.startsWith(OFFICIAL) && !short.includes('/') ? short : path;
}

/** The name as people write it: `busybox:latest`, `ghcr.io/me/app@sha256:...`. */
export function familiarReference(reference: ImageReference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return familiarName(reference) + tag + digest;
}

/** The reference itself when it says which image is meant, else with the tag `latest`. */
export function withDefaultTag(reference: ImageReference): ImageReference {
  return reference.tag === undefined && reference.digest === undefined
    ? { ...reference, tag: 'latest' }
    : reference;
}
