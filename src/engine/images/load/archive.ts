import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { InvalidArgument } from '../../../api/index.ts';
import {
  type BlobStore,
  type Digest,
  decodeName,
  decompress,
  expand,
  type LayerStore,
  looksLikeArchive,
  type PreparedLayer,
  type StagedBlob,
  TarReader,
  UNPACK_LIMITS,
} from '../../../layers/index.ts';
import type { LayerSource } from '../install.ts';

/** Members of an archive at most. Docker's own has six for each layer. */
const MAX_MEMBERS = 20_000;
/** Links that are followed from one member to the next. */
const MAX_LINKS = 16;

/** What an archive is received into. */
export interface ArchivePlace {
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  /** Whether the layer in a blob is there already, undamaged, so that it need not be unpacked. */
  isUnpacked(blob: Digest): Promise<boolean>;
  /** Hears how much has come of a layer that is not there yet: bytes of its archive. `id`: 12 digits that name it. */
  onLayer(id: string, current: number, total: number): void;
}

/** Bytes of a layer between two lines of its progress. */
const PROGRESS_STEP = 512 << 10;

/**
 * A received archive of images: its files lie in the staging folder under random names, and the archive's names are
 * mere keys. What looks like a layer is unpacked while the rest is still coming: what an archive holds is said at its
 * end, and few hold anything but layers. Disposing it removes what was not taken over.
 */
export class ImageArchive implements AsyncDisposable {
  readonly #files = new Map<string, StagedBlob>();
  readonly #links = new Map<string, string>();
  readonly #staged: StagedBlob[] = [];
  readonly #prepared = new Map<StagedBlob, Promise<PreparedLayer>>();
  readonly #place: ArchivePlace;

  private constructor(place: ArchivePlace) {
    this.#place = place;
  }

  /** Receives an archive, compressed or not. Throws InvalidArgument when it is malformed or too large. */
  static async receive(place: ArchivePlace, source: AsyncIterable<Uint8Array>): Promise<ImageArchive> {
    const archive = new ImageArchive(place);
    try {
      await archive.#receive(new TarReader(decompress(expand(source, UNPACK_LIMITS), UNPACK_LIMITS)));
      return archive;
    } catch (error) {
      await archive[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Whether there is a file (or a link to one) of that name. */
  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** A file of the archive. Throws InvalidArgument when there is none. */
  file(name: string): StagedBlob {
    const file = this.#find(name);
    if (file === undefined)
      throw new InvalidArgument(`the archive of images is incomplete: it has no "${name}"`);
    return file;
  }

  /** The content of a small file. Throws InvalidArgument when there is none or it is larger than `limit` bytes. */
  async read(name: string, limit: number): Promise<Buffer> {
    const { path, size } = this.file(name);
    if (size > limit) throw new InvalidArgument(`"${name}" in the archive is larger than ${limit} bytes`);
    return readFile(path);
  }

  /** The blob of a digest, which must be what its name says. Throws InvalidArgument. */
  blob(digest: Digest): StagedBlob {
    const name = `blobs/${digest.replace(':', '/')}`;
    const file = this.file(name);
    if (file.digest !== digest) {
      throw new InvalidArgument(
        `"${name}" in the archive has the digest ${file.digest}: it is damaged or forged`,
      );
    }
    return file;
  }

  /** A blob as a layer to be installed. */
  layer(blob: StagedBlob, mediaType: string): LayerSource {
    return { blob, mediaType, prepared: this.#prepared.get(blob) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const prepared of this.#prepared.values()) {
      await prepared.then(
        (layer) => layer[Symbol.asyncDispose](),
        () => {},
      );
    }
    for (const staged of this.#staged) await staged[Symbol.asyncDispose]();
  }

  async #receive(reader: TarReader): Promise<void> {
    let members = 0;
    for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
      if (++members > MAX_MEMBERS)
        throw new InvalidArgument(`the archive of images has more than ${MAX_MEMBERS} members`);
      const name = keyOf(decodeName(entry.name));
      if (entry.type === 'file') {
        this.#files.set(name, await this.#take(reader, name, entry.size));
      } else if (entry.type === 'symlink') {
        this.#links.set(name, keyOf(posix.join(posix.dirname(name), decodeName(entry.linkName))));
      } else if (entry.type === 'link') {
        this.#links.set(name, keyOf(decodeName(entry.linkName)));
      }
    }
    await reader.drain();
  }

  async #take(reader: TarReader, name: string, total: number): Promise<StagedBlob> {
    const { blobs, layers, isUnpacked, onLayer } = this.#place;
    // Most archives name their layers by what is in them.
    const hex = /(?:^|\/)([0-9a-f]{64})(?:\/|$)/.exec(name)?.[1];
    let isLayer = false;
    const watched = async function* () {
      let current = 0;
      let shown = 0;
      for (let part = await reader.readBody(); part !== undefined; part = await reader.readBody()) {
        if (current === 0) isLayer = looksLikeArchive(part) && !(hex && (await isUnpacked(`sha256:${hex}`)));
        current += part.length;
        if (isLayer && hex && (current - shown >= PROGRESS_STEP || current === total)) {
          onLayer(hex.slice(0, 12), current, total);
          shown = current;
        }
        yield part;
      }
    };
    const staged = await blobs.ingest(watched(), { limit: UNPACK_LIMITS.size });
    this.#staged.push(staged);
    if (isLayer && !(await isUnpacked(staged.digest))) {
      const prepared = layers.prepare(staged.path);
      // Whether anybody minds is seen when the layer is installed.
      prepared.catch(() => {});
      this.#prepared.set(staged, prepared);
    }
    return staged;
  }

  #find(name: string): StagedBlob | undefined {
    let key = keyOf(name);
    for (let links = 0; links < MAX_LINKS; links++) {
      const file = this.#files.get(key);
      const target = this.#links.get(key);
      if (file !== undefined || target === undefined) return file;
      key = target;
    }
    return undefined;
  }
}

/** A name without `./` in front and other noise. */
function keyOf(name: string): string {
  return posix.normalize(`/${name}`).slice(1).replace(/\/$/, '');
}
