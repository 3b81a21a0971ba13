import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgument, NotFound } from '../api/index.ts';
import { type Digest, hexOf } from './digest.ts';
import type { GrowingFile } from './growing-file.ts';
import { Pins } from './pins.ts';
import { UNPACK_LIMITS, type UnpackLimits } from './unpack/limits.ts';
import { WorkerPool } from './unpack/pool.ts';
import type { TreeSummary } from './unpack/summary.ts';

/** An unpacked layer. */
export interface Layer {
  diffId: Digest;
  /** Absolute path of its files, as overlayfs wants them. */
  path: string;
  /** Bytes of content of all its regular files. */
  size: number;
}

/** The file beside a layer that tells about it. */
const NOTE = 'layer.json';

interface LayerNote {
  readonly size: number;
  /** Missing in the oldest layers. */
  readonly tree?: TreeSummary;
}

/** A layer that is unpacked and not yet in the store. Disposing it without `publish` leaves nothing. */
export interface PreparedLayer extends AsyncDisposable {
  readonly diffId: Digest;
  /** Puts the layer into the store. Doing it twice, or with a layer that is there already, does no harm. */
  publish(): Promise<Layer>;
}

/** How long a store that is closed waits for what it is removing, in milliseconds. */
const PATIENCE = 1_000;

/**
 * The unpacked layers of an engine, one folder for each diff ID: `<data-root>/layers/<hex>/diff`, and `layer.json`
 * beside it. A folder there is complete: it is made under `<data-root>/tmp/layers` and renamed. Who needs a layer is
 * for others to know; they pin it while no record says so yet.
 */
export class LayerStore implements AsyncDisposable {
  /** Layers that are in use by work under way, and must not be removed as unused. */
  readonly pins = new Pins<Digest>();
  readonly #folder: string;
  readonly #staging: string;
  readonly #limits: UnpackLimits;
  readonly #pool = new WorkerPool();
  /** Folders that are on their way out. */
  readonly #discards = new Set<Promise<void>>();
  readonly #underWay = new Map<Digest, Promise<Layer>>();

  private constructor(folder: string, staging: string, limits: UnpackLimits) {
    this.#folder = folder;
    this.#staging = staging;
    this.#limits = limits;
  }

  /** Opens the store of a data root. What earlier runs left half made is removed in the background. */
  static async open(dataRoot: string, limits: UnpackLimits = UNPACK_LIMITS): Promise<LayerStore> {
    const store = new LayerStore(join(dataRoot, 'layers'), join(dataRoot, 'tmp', 'layers'), limits);
    await mkdir(store.#folder, { recursive: true, mode: 0o710 });
    await mkdir(store.#staging, { recursive: true, mode: 0o700 });
    for (const name of await readdir(store.#staging)) store.#discard(join(store.#staging, name));
    return store;
  }

  /** The folder of a layer: its files, and what is noted about them. */
  homeOf(diffId: Digest): string {
    return join(this.#folder, hexOf(diffId));
  }

  /** Where the files of a layer are, or would be. */
  pathOf(diffId: Digest): string {
    return join(this.homeOf(diffId), 'diff');
  }

  /** Whether there is a folder for a layer. What became of its files since is for `isIntact` to say. */
  has(diffId: Digest): boolean {
    return existsSync(this.homeOf(diffId));
  }

  /** A layer that is there. Throws NotFound. */
  get(diffId: Digest): Layer {
    return { diffId, path: this.pathOf(diffId), size: this.#note(diffId).size };
  }

  /**
   * Whether a layer is there with all of its files at their full lengths: whoever brings it again need not, then. Walks
   * through it, in a worker.
   */
  async isIntact(diffId: Digest): Promise<boolean> {
    try {
      const { tree } = this.#note(diffId);
      const { entries, bytes } = await this.#pool.summarise(this.pathOf(diffId));
      return tree === undefined || (tree.entries === entries && tree.bytes === bytes);
    } catch {
      return false;
    }
  }

  /**
   * Unpacks the archive of the layer `diffId`, unless the layer is there already, undamaged. However many ask at the same time,
   * it is unpacked once. An archive that still grows is unpacked while it does. Throws InvalidArgument when the archive is
   * hostile, malformed, or another layer's.
   */
  async unpack(diffId: Digest, archive: string | GrowingFile): Promise<Layer> {
    if (await this.isIntact(diffId)) return this.get(diffId);
    const running = this.#underWay.get(diffId);
    if (running !== undefined) {
      // If that fails, it says something about the other's archive alone.
      const layer = await running.catch(() => undefined);
      return layer ?? this.unpack(diffId, archive);
    }
    const job = this.#unpack(diffId, archive).finally(() => this.#underWay.delete(diffId));
    this.#underWay.set(diffId, job);
    return job;
  }

  /**
   * Unpacks an archive whose diff ID is not known beforehand; pin it before you publish the layer. Throws
   * InvalidArgument when the archive is hostile or malformed.
   */
  async prepare(archive: string | GrowingFile): Promise<PreparedLayer> {
    const staging = join(this.#staging, randomUUID());
    const folder = join(staging, 'diff');
    try {
      await mkdir(folder, { recursive: true });
      const source =
        typeof archive === 'string' ? { archive } : { archive: archive.path, growth: archive.shared };
      const { diffId, ...note } = await this.#pool.unpack({ ...source, folder, limits: this.#limits });
      await writeFile(join(staging, NOTE), JSON.stringify(note satisfies LayerNote));
      return this.#prepared(staging, diffId);
    } catch (error) {
      await this.#pool.remove(staging).catch(() => {});
      throw error;
    }
  }

  /** Removes a layer, unless it is pinned. A missing one is no error. Its files go in the background. */
  remove(diffId: Digest): void {
    // At once: between a look at the pins and the end of the layer nobody may come and pin it.
    if (!this.pins.has(diffId) && this.has(diffId)) this.#takeAway(diffId);
  }

  /** Removes every layer that `isUsed` does not claim and nobody has pinned. */
  async sweep(isUsed: (diffId: Digest) => boolean): Promise<void> {
    for (const hex of await readdir(this.#folder)) {
      if (!isUsed(`sha256:${hex}`)) this.remove(`sha256:${hex}`);
    }
  }

  /** Stops the work under way; what it made so far is garbage that the next start removes. */
  async [Symbol.asyncDispose](): Promise<void> {
    // What is being removed is soon gone; a layer of many files may wait for the next start.
    await Promise.race([Promise.all(this.#discards), sleep(PATIENCE, undefined, { ref: false })]);
    await this.#pool[Symbol.asyncDispose]();
  }

  async #unpack(diffId: Digest, archive: string | GrowingFile): Promise<Layer> {
    await using layer = await this.prepare(archive);
    if (layer.diffId !== diffId) {
      throw new InvalidArgument(
        `a layer has the digest ${layer.diffId}, but the image's config says ${diffId}`,
      );
    }
    return await layer.publish();
  }

  #prepared(staging: string, diffId: Digest): PreparedLayer {
    let publishing: Promise<Layer> | undefined;
    return {
      diffId,
      publish: () => {
        publishing ??= this.#publish(staging, diffId).then(() => this.get(diffId));
        return publishing;
      },
      [Symbol.asyncDispose]: async () => {
        const published = await publishing?.catch(() => undefined);
        if (published === undefined) await this.#pool.remove(staging).catch(() => {});
      },
    };
  }

  /**
   * Takes the place of a layer that is damaged; containers that run on that one keep what they have open and find nothing
   * else of it.
   */
  async #publish(staging: string, diffId: Digest): Promise<void> {
    if (this.has(diffId) && !(await this.isIntact(diffId)) && this.has(diffId)) this.#takeAway(diffId);
    try {
      await rename(staging, this.homeOf(diffId));
    } catch (error) {
      // Somebody else was faster; a layer's content follows from its name.
      if (!this.has(diffId)) throw error;
      this.#discard(staging);
    }
  }

  #takeAway(diffId: Digest): void {
    const garbage = join(this.#staging, randomUUID());
    renameSync(this.homeOf(diffId), garbage);
    this.#discard(garbage);
  }

  /** What was noted when the layer was made. Throws NotFound. */
  #note(diffId: Digest): LayerNote {
    try {
      return JSON.parse(readFileSync(join(this.homeOf(diffId), NOTE), 'utf8')) as LayerNote;
    } catch (cause) {
      throw new NotFound(`No such layer: ${diffId}`, { cause });
    }
  }

  /** A failure leaves garbage in the staging folder, which the next start tries to remove again. */
  #discard(folder: string): void {
    const removal = this.#pool
      .remove(folder)
      .catch(() => {})
      .finally(() => this.#discards.delete(removal));
    this.#discards.add(removal);
  }
}
