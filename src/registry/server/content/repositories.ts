import type { Entry, Storage } from '../storage/storage.ts';
import { layout } from './layout.ts';
import { isName } from './names.ts';

/** Which repositories there are: those that hold a manifest or a blob. */
export class Repositories {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  async has(name: string): Promise<boolean> {
    return isRepository(await this.#entries(name));
  }

  /**
   * The names of all repositories that come after `after`, part by part: `a`, `a/b`, `a-b`. Folders that lie before it are
   * not read, so that a page costs the same wherever it begins.
   */
  async *list(after = ''): AsyncGenerator<string> {
    yield* this.#below(
      '',
      await this.#storage.list(layout.repositories),
      after === '' ? [] : after.split('/'),
    );
  }

  async *#below(parent: string, entries: readonly Entry[], after: readonly string[]): AsyncGenerator<string> {
    const [least = '', ...deeper] = after;
    for (const { name, isFolder } of entries) {
      const path = parent === '' ? name : `${parent}/${name}`;
      if (!isFolder || name < least || !isName(path)) continue;
      const inside = await this.#entries(path);
      if (name !== least && isRepository(inside)) yield path;
      yield* this.#below(path, inside, name === least ? deeper : []);
    }
  }

  #entries(name: string): Promise<Entry[]> {
    return this.#storage.list(layout.repository(name));
  }
}

function isRepository(entries: readonly Entry[]): boolean {
  return entries.some(({ name }) => name === '_manifests' || name === '_layers');
}
