import { mkdirSync } from 'node:fs';
import type { Readable } from 'node:stream';
import {
  ANONYMOUS_LABEL,
  Conflict,
  type Filters,
  formatTime,
  InvalidArgument,
  NotFound,
  nowNanos,
  type VolumePruneReport,
  type VolumeResource,
} from '../../api/index.ts';
import { diskUsage } from '../../linux/index.ts';
import type { Database } from '../database.ts';
import type { EventBus } from '../events/index.ts';
import { folderSize } from '../folder-size.ts';
import type { Logger } from '../log.ts';
import { Copies, nameTaken } from './copies.ts';
import { fillVolume } from './fill.ts';
import { selectVolumes } from './list.ts';
import { mountVolume, unmountVolume } from './local.ts';
import { anonymousName, validateVolumeName } from './names.ts';
import { sameOptions, validateOptions } from './options.ts';
import { isMounted, LOCAL_DRIVER, type VolumeRecord } from './record.ts';
import { recoverVolumes } from './recover.ts';
import { removeFiles } from './remove.ts';
import { VolumeStore } from './store.ts';
import { type Volume, volumeResource } from './volume.ts';

/** What volumes need of the rest of the engine. */
export interface VolumeParts {
  readonly database: Database;
  readonly dataRoot: string;
  readonly events: EventBus;
  readonly log: Logger;
  /** The IDs of the containers that each volume is in the record of, running or not. */
  users(): ReadonlyMap<string, readonly string[]>;
  /** Lets those of the containers that run stand still until the result is disposed of. */
  freeze(containers: readonly string[]): Promise<AsyncDisposable>;
  /** Writes another name of a volume into the records that have it; gives what makes them count. */
  renameIn(name: string, to: { readonly name: string; readonly source: string }): () => void;
}

/** A volume to be made, or to be found as it is. */
export interface VolumeWish {
  /** Empty for a new one with a name that nobody gives. */
  readonly name: string;
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** The volumes of an engine. */
export class VolumeService {
  readonly #parts: VolumeParts;
  readonly #store: VolumeStore;
  readonly #copies: Copies;

  private constructor(parts: VolumeParts) {
    this.#parts = parts;
    this.#store = new VolumeStore(parts.database, parts.dataRoot);
    this.#copies = new Copies(parts, this.#store, this);
  }

  /** Opens the volumes of a data root, and removes what an engine that died was at work with. */
  static async open(parts: VolumeParts): Promise<VolumeService> {
    const service = new VolumeService(parts);
    await recoverVolumes(service.#store, parts);
    return service;
  }

  /** Makes a volume, or finds the one that there is. Throws InvalidArgument, NotFound (driver), Conflict (other options). */
  create(wish: VolumeWish): VolumeResource {
    return volumeResource(this.ensure(wish, 'ready').volume);
  }

  /**
   * As `create`; says whether it was made. One that is `making` is gone with the engine unless `confirm` comes first: take it
   * away with `forget`.
   */
  ensure(wish: VolumeWish, phase: 'making' | 'ready'): { volume: Volume; made: boolean } {
    const { options, driver } = wish;
    const name = wish.name || anonymousName();
    requireLocal(driver, name);
    const found = this.#store.find(name);
    if (found !== undefined) {
      requireSame(found, options);
      return { volume: found, made: false };
    }
    validateVolumeName(name);
    named(name, () => validateOptions(options));
    const labels = wish.name === '' ? { ...wish.labels, [ANONYMOUS_LABEL]: '' } : wish.labels;
    const record: VolumeRecord = { name, created: formatTime(nowNanos()), labels, options };
    // An engine that finds a record without a folder makes the folder.
    const volume = this.#store.add(record, phase);
    mkdirSync(volume.files.data, { recursive: true, mode: 0o755 });
    this.#publish(volume, 'create');
    return { volume, made: true };
  }

  /** Keeps volumes that were `making`. Called in the transaction that writes the record they belong to. */
  confirm(names: readonly string[]): void {
    for (const volume of this.#found(names)) {
      if (volume.phase === 'making') this.#store.setPhase(volume, 'ready');
    }
  }

  /** Takes volumes away again that `ensure` made, as far as nobody else has come to use them. */
  async forget(names: readonly string[]): Promise<void> {
    const users = this.#parts.users();
    for (const volume of this.#found(names)) {
      if (volume.phase === 'making' && !users.has(volume.name)) await this.#discard(volume);
    }
  }

  /** Throws NotFound. */
  inspect(name: string): VolumeResource {
    return volumeResource(this.#store.get(name));
  }

  /** Throws InvalidArgument. */
  list(filters: Filters): VolumeResource[] {
    return selectVolumes(this.#store.all(), this.#parts.users(), filters).map(volumeResource);
  }

  /** The volumes with what they take on disk and the number of containers that have them, for `system df`. */
  async usage(): Promise<VolumeResource[]> {
    const users = this.#parts.users();
    const volumes = this.#store.all();
    // What is on other file systems takes nothing of this one.
    const sizes = await diskUsage(
      volumes.filter(({ record }) => !isMounted(record)).map(({ files }) => files.folder),
    );
    return volumes.map((volume) => ({
      ...volumeResource(volume),
      UsageData: {
        RefCount: users.get(volume.name)?.length ?? 0,
        Size: sizes.get(volume.files.folder) ?? 0,
      },
    }));
  }

  /** Throws NotFound, which `force` hides, and Conflict when a container has it, running or not. */
  async remove(name: string, force: boolean): Promise<void> {
    const volume = this.#store.find(name);
    if (volume === undefined) {
      if (force) return;
      throw new NotFound(`get ${name}: no such volume`);
    }
    this.#requireUnused(volume);
    await this.#discard(volume);
    this.#publish(volume, 'destroy');
  }

  /**
   * Removes volumes that no container has: those without a name of their own, and with the filter `all=true` the others too.
   * Throws InvalidArgument.
   */
  async prune(filters: Filters): Promise<VolumePruneReport> {
    const users = this.#parts.users();
    const chosen = selectVolumes(this.#store.all(), users, filters, 'prune');
    const report: VolumePruneReport = { VolumesDeleted: [], SpaceReclaimed: 0 };
    for (const volume of chosen) {
      const size = isMounted(volume.record) ? 0 : await folderSize(volume.files.data);
      // A container may have come to use it meanwhile.
      if (this.#parts.users().has(volume.name) || volume.holders.size > 0) continue;
      await this.#discard(volume);
      report.VolumesDeleted.push(volume.name);
      report.SpaceReclaimed += size;
    }
    this.#parts.events.publish('volume', 'prune', '', { reclaimed: String(report.SpaceReclaimed) });
    return report;
  }

  /** Marks volumes to be removed, in the transaction that takes away the record they went with; `sweepRemoved` does it. */
  markRemoved(names: readonly string[]): void {
    const users = this.#parts.users();
    for (const volume of this.#found(names)) {
      if (!users.has(volume.name) && volume.holders.size === 0) this.#store.setPhase(volume, 'removing');
    }
  }

  /** Removes the volumes that were marked. */
  async sweepRemoved(names: readonly string[]): Promise<void> {
    for (const volume of this.#found(names)) {
      if (volume.phase !== 'removing') continue;
      await this.#discard(volume);
      this.#publish(volume, 'destroy');
    }
  }

  /**
   * Makes a volume's files available to a holder, until `unmount`: a container's ID, or a symbol for an operation. Gives the
   * folder. Throws NotFound, Internal when its file system cannot be mounted.
   */
  async mount(name: string, holder: string | symbol): Promise<string> {
    const volume = this.#store.get(name);
    // An operation may be at work because of which it is still.
    while (typeof holder === 'string' && volume.still !== undefined) await volume.still;
    if (volume.phase === 'removing') throw new Conflict(`volume ${name} is being removed`);
    volume.holders.add(holder);
    if (!isMounted(volume.record)) return volume.files.data;
    try {
      await volume.lock.run(() => mountVolume(volume));
    } catch (error) {
      volume.holders.delete(holder);
      throw error;
    }
    return volume.files.data;
  }

  /** The folder of a volume's files, which are there while somebody has it in use. Throws NotFound. */
  pathOf(name: string): string {
    return this.#store.get(name).files.data;
  }

  /** Whether a volume's files are gone when nobody has it in use. Throws NotFound. */
  isInMemory(name: string): boolean {
    return this.#store.get(name).record.options['type'] === 'tmpfs';
  }

  /** Ends what `mount` began. The last one unmounts. */
  async unmount(name: string, holder: string | symbol): Promise<void> {
    const volume = this.#store.find(name);
    if (volume === undefined || !volume.holders.delete(holder)) return;
    if (isMounted(volume.record)) await volume.lock.run(async () => this.#unmountUnheld(volume));
  }

  /** Counts again who has volumes in use, when the engine starts: before anything is given back. */
  restore(holders: ReadonlyArray<{ readonly id: string; readonly volumes: readonly string[] }>): void {
    for (const { id, volumes } of holders) {
      for (const volume of this.#found(volumes)) volume.holders.add(id);
    }
  }

  /** Unmounts what nobody has in use. */
  sweepMounts(): void {
    for (const volume of this.#store.all()) this.#unmountUnheld(volume);
  }

  /**
   * Fills a volume if it is empty: see `fillVolume`. Its file system is mounted meanwhile. Gives whether it was. Throws what
   * `write` throws, and Internal.
   */
  async fillIfEmpty(name: string, write: (folder: string) => Promise<void>): Promise<boolean> {
    const holder = Symbol('fill');
    await this.mount(name, holder);
    try {
      const volume = this.#store.get(name);
      return await volume.lock.run(() => fillVolume(volume, write));
    } finally {
      await this.unmount(name, holder);
    }
  }

  /** Makes a volume with a copy of another one's files: see `cloneVolume`. */
  async clone(name: string, to: string, still: boolean): Promise<VolumeResource> {
    return volumeResource(await this.#copies.clone(name, to, still));
  }

  /** The files of a volume as a tar archive: see `Copies`. */
  export(name: string, still: boolean): Promise<Readable> {
    return this.#copies.export(name, still);
  }

  /** Fills a new or an empty volume from a tar archive: see `Copies`. */
  async import(name: string, archive: Readable): Promise<VolumeResource> {
    return volumeResource(await this.#copies.import(name, archive));
  }

  /**
   * Gives a volume another name, also in the records of containers that have it, of which none may run. Throws NotFound,
   * InvalidArgument, Conflict.
   */
  rename(name: string, to: string): void {
    const volume = this.#store.get(name);
    validateVolumeName(to);
    if (this.#store.find(to) !== undefined) throw nameTaken(to);
    if (volume.holders.size > 0 || volume.phase !== 'ready') {
      const ids = [...volume.holders].filter((holder) => typeof holder === 'string');
      throw new Conflict(
        `rename ${name}: volume is in use - [${ids.join(', ')}]: stop the containers that have it, then rename it`,
      );
    }
    const { [ANONYMOUS_LABEL]: _, ...labels } = volume.record.labels;
    const source = this.#store.filesOf(to).data;
    this.#store.rename(volume, to, { ...volume.record, name: to, labels }, () =>
      this.#parts.renameIn(name, { name: to, source }),
    );
    this.#publish(volume, 'rename', { oldName: name });
  }

  /** Tells the world that a container has begun or ceased to use a volume, with Docker's attributes. */
  publishUse(name: string, action: 'mount' | 'unmount', attributes: Record<string, string>): void {
    this.#parts.events.publish('volume', action, name, { driver: LOCAL_DRIVER, ...attributes });
  }

  #publish({ name }: Volume, action: string, attributes: Record<string, string> = {}): void {
    this.#parts.events.publish('volume', action, name, { driver: LOCAL_DRIVER, ...attributes });
  }

  #found(names: readonly string[]): Volume[] {
    return names.map((name) => this.#store.find(name)).filter((volume) => volume !== undefined);
  }

  #requireUnused(volume: Volume): void {
    const users = this.#parts.users().get(volume.name) ?? [];
    if (users.length > 0) {
      throw new Conflict(`remove ${volume.name}: volume is in use - [${users.join(', ')}]`);
    }
    if (volume.holders.size > 0 || volume.phase !== 'ready') {
      throw new Conflict(
        `remove ${volume.name}: volume is in use: it is being copied, filled or removed at the moment`,
      );
    }
  }

  #unmountUnheld(volume: Volume): void {
    if (volume.holders.size > 0 || !isMounted(volume.record)) return;
    try {
      unmountVolume(volume);
    } catch (error) {
      this.#parts.log.error('cannot unmount a volume', { volume: volume.name, error: String(error) });
    }
  }

  async #discard(volume: Volume): Promise<void> {
    // The mark goes first: what a crash leaves is removed by the next engine. A folder without a record is left alone.
    if (volume.phase !== 'removing') this.#store.durable(() => this.#store.setPhase(volume, 'removing'));
    await removeFiles(volume, this.#parts);
    this.#store.delete(volume);
  }
}

function requireLocal(driver: string, name: string): void {
  if (driver === '' || driver === LOCAL_DRIVER) return;
  throw new NotFound(
    `create ${name}: error looking up volume plugin ${driver}: plugin "${driver}" not found: the only driver of this engine is "local": leave the driver out, and name other file systems by its options type, device and o`,
  );
}

function requireSame({ name, record }: Volume, options: Readonly<Record<string, string>>): void {
  if (Object.keys(options).length === 0 || sameOptions(options, record.options)) return;
  throw new Conflict(
    `create ${name}: conflict: volume name must be unique: there is a volume ${name} with other options: remove it first, or choose another name`,
  );
}

/** Says of an option that is wrong which volume it was for. */
function named<T>(name: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof InvalidArgument)) throw error;
    throw new InvalidArgument(`create ${name}: ${error.message}`, { cause: error });
  }
}
