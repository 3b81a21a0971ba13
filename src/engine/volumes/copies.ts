import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { ANONYMOUS_LABEL, Conflict, messageOf } from '../../api/index.ts';
import { copyFolder, extractIntoView, readFromView } from '../../layers/index.ts';
import { Mutex } from '../mutex.ts';
import { LOCAL_DRIVER } from './record.ts';
import type { VolumeParts, VolumeService } from './service.ts';
import type { VolumeStore } from './store.ts';
import type { Volume } from './volume.ts';

/**
 * Copies of volumes, to other volumes and to archives. A copy shows the files as they are at one moment, unless the caller
 * does without: containers that have the volume stand still for it, and others wait until it is done to begin.
 */
export class Copies {
  readonly #parts: VolumeParts;
  readonly #store: VolumeStore;
  readonly #volumes: VolumeService;
  /** One at a time: a container that waits for one volume may be what another copy waits for. */
  readonly #turn = new Mutex();

  constructor(parts: VolumeParts, store: VolumeStore, volumes: VolumeService) {
    this.#parts = parts;
    this.#store = store;
    this.#volumes = volumes;
  }

  /**
   * Makes the volume `to`, a folder of the engine's, with a copy of the files and the labels of another one. Throws NotFound,
   * Conflict (name), InvalidArgument, Internal; then there is no such volume.
   */
  async clone(name: string, to: string, still: boolean): Promise<Volume> {
    const { [ANONYMOUS_LABEL]: _, ...labels } = this.#store.get(name).record.labels;
    return this.#make(to, labels, (target) =>
      this.#read(name, (folder) => {
        const copy = () => this.#volumes.fillIfEmpty(target.name, (next) => copyFolder(folder, '/', next));
        return still ? this.#still(name, copy) : copy();
      }),
    );
  }

  /**
   * The files of a volume as a tar archive, the folder itself first. For a volume that containers have, the archive is made of a
   * copy, so that they need not stand still until a slow reader has got all of it. Throws NotFound, Internal.
   */
  async export(name: string, still: boolean): Promise<Readable> {
    const undo = new AsyncDisposableStack();
    try {
      const holder = Symbol('export');
      let folder = await this.#volumes.mount(name, holder);
      undo.defer(() => this.#volumes.unmount(name, holder));
      if (still && this.#parts.users().has(name)) {
        const copy = join(this.#parts.dataRoot, 'tmp', `volume-copy-${randomBytes(8).toString('hex')}`);
        mkdirSync(copy, { mode: 0o700 });
        undo.defer(() => rm(copy, { recursive: true, force: true }));
        await this.#still(name, () => copyFolder(folder, '/', copy));
        folder = copy;
      }
      const { content, ended } = await readFromView({ rootfs: folder }, '/.');
      void ended.finally(() => undo.disposeAsync()).catch((error: unknown) => this.#complain(name, error));
      this.#publish(name, 'export');
      return content;
    } catch (error) {
      await undo.disposeAsync();
      throw error;
    }
  }

  /**
   * Fills a volume from a tar archive, compressed or not; one that is not there is made. What leads out of the archive is
   * refused. Throws Conflict when it is not empty, InvalidArgument, Internal; then it is empty, or is not there, as before.
   */
  async import(name: string, archive: Readable): Promise<Volume> {
    const fill = async (target: Volume) => {
      const filled = await this.#volumes.fillIfEmpty(target.name, async (next) => {
        const options = { keepKinds: false, withRoot: true };
        const { done, ended } = await extractIntoView({ rootfs: next }, '/', archive, options);
        try {
          await done;
        } finally {
          await ended;
        }
      });
      if (!filled) {
        throw new Conflict(`import ${name}: volume is not empty: only a new or an empty one can be filled`);
      }
    };
    const found = this.#store.find(name);
    if (found !== undefined) await fill(found);
    const volume = found ?? (await this.#make(name, {}, fill));
    this.#publish(name, 'import');
    return volume;
  }

  /** Makes a volume that is there only when `fill` has come to its end. */
  async #make(
    name: string,
    labels: Record<string, string>,
    fill: (volume: Volume) => Promise<unknown>,
  ): Promise<Volume> {
    if (this.#store.find(name) !== undefined) throw nameTaken(name);
    const { volume } = this.#volumes.ensure({ name, driver: LOCAL_DRIVER, options: {}, labels }, 'making');
    try {
      await fill(volume);
      this.#store.durable(() => this.#volumes.confirm([name]));
      return volume;
    } catch (error) {
      await this.#volumes.forget([name]);
      throw error;
    }
  }

  async #read<T>(name: string, body: (folder: string) => Promise<T>): Promise<T> {
    const holder = Symbol('read');
    const folder = await this.#volumes.mount(name, holder);
    try {
      return await body(folder);
    } finally {
      await this.#volumes.unmount(name, holder);
    }
  }

  /** Runs `body` while nothing writes to a volume. */
  #still<T>(name: string, body: () => Promise<T>): Promise<T> {
    return this.#turn.run(async () => {
      const volume = this.#store.get(name);
      const done = Promise.withResolvers<void>();
      volume.still = done.promise;
      try {
        const holders = [...volume.holders].filter((holder) => typeof holder === 'string');
        await using _frozen = await this.#parts.freeze(holders);
        return await body();
      } finally {
        volume.still = undefined;
        done.resolve();
      }
    });
  }

  #publish(name: string, action: string): void {
    this.#parts.events.publish('volume', action, name, { driver: LOCAL_DRIVER });
  }

  #complain(name: string, error: unknown): void {
    this.#parts.log.error('cannot tidy up after a copy', { volume: name, error: messageOf(error) });
  }
}

export function nameTaken(name: string): Conflict {
  return new Conflict(
    `create ${name}: conflict: volume name must be unique: there is a volume ${name} already`,
  );
}
