import type { Storage } from '../storage/storage.ts';
import type { ContentDigest } from './digest.ts';
import { layout } from './layout.ts';
import { readLink, writeLink } from './links.ts';
import { isTag } from './names.ts';

/** Which manifest each tag names. */
export class Tags {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** The digest that a tag names; undefined when there is no such tag. */
  async resolve(repository: string, tag: string): Promise<ContentDigest | undefined> {
    if (!isTag(tag)) return undefined;
    return await readLink(this.#storage, layout.tagCurrent(repository, tag));
  }

  /** Lets a tag name a manifest from now on. */
  async set(repository: string, tag: string, digest: ContentDigest): Promise<void> {
    await writeLink(this.#storage, layout.tagIndex(repository, tag, digest), digest);
    await writeLink(this.#storage, layout.tagCurrent(repository, tag), digest);
  }

  /** Removes a tag and not its manifest. False when there is no such tag. */
  async remove(repository: string, tag: string): Promise<boolean> {
    if ((await this.resolve(repository, tag)) === undefined) return false;
    await this.#storage.removeAll(layout.tag(repository, tag));
    return true;
  }

  /** Removes every tag that names a manifest. */
  async removeAllOf(repository: string, digest: ContentDigest): Promise<void> {
    for (const tag of await this.list(repository)) {
      if ((await this.resolve(repository, tag)) === digest) await this.remove(repository, tag);
    }
  }

  /** All tags, sorted. */
  async list(repository: string): Promise<string[]> {
    return (await this.#storage.list(layout.tags(repository))).map(({ name }) => name).filter(isTag);
  }
}
