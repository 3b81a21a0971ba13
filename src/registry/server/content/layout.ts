import { type ContentDigest, splitDigest } from './digest.ts';

/**
 * Which key holds what. It is the layout of the distribution project's registry, so that either may take over the other's
 * folder or bucket. A name that begins with `_` is never part of a repository's name.
 */
const ROOT = 'docker/registry/v2';

const pathOf = (digest: ContentDigest) => digest.replace(':', '/');

export const layout = {
  repositories: `${ROOT}/repositories`,
  blobs: `${ROOT}/blobs`,

  /** The bytes of a blob or manifest. */
  blob(digest: ContentDigest): string {
    const { algorithm, hex } = splitDigest(digest);
    return `${ROOT}/blobs/${algorithm}/${hex.slice(0, 2)}/${hex}/data`;
  },

  repository(name: string): string {
    return `${this.repositories}/${name}`;
  },

  /** All blobs that were pushed to a repository, and, below, the file that says so of one. */
  layers(name: string): string {
    return `${this.repository(name)}/_layers`;
  },
  layer(name: string, digest: ContentDigest): string {
    return `${this.layers(name)}/${pathOf(digest)}/link`;
  },

  manifests(name: string): string {
    return `${this.repository(name)}/_manifests`;
  },
  revisions(name: string): string {
    return `${this.manifests(name)}/revisions`;
  },
  revision(name: string, digest: ContentDigest): string {
    return `${this.revisions(name)}/${pathOf(digest)}/link`;
  },

  tags(name: string): string {
    return `${this.manifests(name)}/tags`;
  },
  tag(name: string, tag: string): string {
    return `${this.tags(name)}/${tag}`;
  },
  tagCurrent(name: string, tag: string): string {
    return `${this.tag(name, tag)}/current/link`;
  },
  /** Every manifest that a tag has ever named; the distribution project's registry looks here when it deletes one. */
  tagIndex(name: string, tag: string, digest: ContentDigest): string {
    return `${this.tag(name, tag)}/index/${pathOf(digest)}/link`;
  },

  /** The manifests that name another one as their subject; ours alone. */
  referrers(name: string, subject: ContentDigest): string {
    return `${this.repository(name)}/_referrers/${pathOf(subject)}`;
  },
  referrer(name: string, subject: ContentDigest, digest: ContentDigest): string {
    return `${this.referrers(name, subject)}/${pathOf(digest)}/link`;
  },
} as const;
