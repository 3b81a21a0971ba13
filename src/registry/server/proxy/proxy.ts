import type { ContentDigest, StoredManifest } from '../content/index.ts';
import type { Exchange } from '../http/exchange.ts';

/** What a registry does for repositories that are copies of another registry's. */
export interface PullThrough {
  /** Throws UNSUPPORTED for a repository that only follows its upstream. */
  refuseChange(repository: string): void;

  /** The upstream's manifest, or the copy of it that may be used; undefined when the repository is no copy. */
  manifest(
    repository: string,
    wanted: { tag?: string; digest?: ContentDigest },
  ): Promise<StoredManifest | undefined>;

  /** Answers with an upstream's blob while it is being stored. False when the repository is no copy. */
  sendBlob(exchange: Exchange, repository: string, digest: ContentDigest): Promise<boolean>;

  /** The upstream's tags; undefined when the repository is no copy, or the upstream does not answer. */
  tags(repository: string): Promise<string[] | undefined>;
}

/** For a registry that has no upstreams. */
export const noPullThrough: PullThrough = {
  refuseChange() {},
  async manifest() {
    return undefined;
  },
  async sendBlob() {
    return false;
  },
  async tags() {
    return undefined;
  },
};
