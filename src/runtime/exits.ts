import { type FSWatcher, readdirSync, readFileSync, rmSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';

/** The end of a container, as conmon left it. */
export interface Exit {
  readonly id: string;
  readonly code: number;
  readonly at: Date;
}

const CONTAINER_ID = /^[0-9a-f]{64}$/;

/**
 * The folder in which conmon leaves exit codes, one file for each container, whether or not an engine is there to see it.
 * A file stays until `forget`, which the engine calls once the exit is in its records: so none is ever lost.
 */
export class Exits {
  readonly folder: string;
  readonly #watcher: FSWatcher;

  /** `seen` is told of every exit that comes from now on; it may be told twice. The folder must exist. */
  constructor(folder: string, seen: (exit: Exit) => void) {
    this.folder = folder;
    this.#watcher = watch(folder, { persistent: false }, (_event, name) => {
      const exit = name === null ? undefined : this.read(name);
      if (exit !== undefined) seen(exit);
    });
  }

  /** The exit of a container, or undefined while there is none. */
  read(id: string): Exit | undefined {
    if (!CONTAINER_ID.test(id)) return undefined;
    const path = join(this.folder, id);
    try {
      const text = readFileSync(path, 'utf8');
      // conmon writes another name first and renames, but an empty file is what a power cut may leave.
      return /^\d+$/.test(text) ? { id, code: Number(text), at: statSync(path).mtime } : undefined;
    } catch {
      return undefined;
    }
  }

  /** Every exit that is not yet forgotten. */
  all(): Exit[] {
    return readdirSync(this.folder).flatMap((name) => this.read(name) ?? []);
  }

  forget(id: string): void {
    rmSync(join(this.folder, id), { force: true });
  }

  close(): void {
    this.#watcher.close();
  }
}
