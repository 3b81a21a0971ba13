import { EventEmitter, once } from 'node:events';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ContentDigest, hasher, splitDigest } from '../content/digest.ts';
import { RegistryError } from '../errors.ts';
import type { ByteRange } from '../storage/storage.ts';

/** Bytes that are read at a time. */
const READ_SIZE = 256 << 10;

/** Attempts that may fail one after another without a byte between, and the pause after the first, in milliseconds. */
const ATTEMPTS = 3;
const PAUSE = 200;

/** Gives the bytes of a blob from an offset on. */
export type Source = (offset: number) => AsyncIterable<Buffer>;

/** A blob on its way from an upstream into a file, which any number of readers follow. */
export class Download {
  readonly size: number;
  readonly path: string;
  readonly #digest: ContentDigest;
  readonly #file: FileHandle;
  readonly #changes = new EventEmitter().setMaxListeners(0);
  #received = 0;
  #state: 'growing' | 'complete' | 'broken' = 'growing';
  /** Those who need the file, this download among them. */
  #holders = 1;

  private constructor(digest: ContentDigest, size: number, path: string, file: FileHandle) {
    this.#digest = digest;
    this.size = size;
    this.path = path;
    this.#file = file;
  }

  /** Makes the file; `run` must follow. */
  static async open(digest: ContentDigest, size: number, path: string): Promise<Download> {
    return new Download(digest, size, path, await open(path, 'wx+', 0o600));
  }

  /**
   * Receives everything, going on where it was after a broken connection, verifies it and lets `commit` take the file. The
   * download must not be held anew once this has ended. Throws what the last attempt did, and the signal's reason.
   */
  async run(source: Source, commit: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const { algorithm, hex } = splitDigest(this.#digest);
    const hash = hasher(algorithm);
    try {
      for (let failures = 0; this.#received < this.size; ) {
        const before = this.#received;
        try {
          await this.#receive(source(before), (chunk) => hash.update(chunk));
          if (this.#received < this.size) throw new Error('the upstream has sent less than it promised');
        } catch (error) {
          failures = this.#received > before ? 1 : failures + 1;
          if (signal.aborted || error instanceof RegistryError || failures >= ATTEMPTS) throw error;
          await sleep(PAUSE * failures, undefined, { signal });
        }
      }
      if (hash.digest('hex') !== hex) throw bad('something else than was asked for');
      signal.throwIfAborted();
      await commit();
      this.#tell('complete');
    } catch (error) {
      this.#tell('broken');
      throw error;
    } finally {
      await rm(this.path, { force: true });
      this.#release();
    }
  }

  /** Keeps the file readable until the result is disposed of. */
  hold(): Disposable {
    this.#holders++;
    return { [Symbol.dispose]: () => this.#release() };
  }

  /** The bytes of a part, as they come in; hold the download meanwhile. Throws when the download fails. */
  async *read({ start, end }: ByteRange): AsyncGenerator<Buffer> {
    for (let position = start; position <= end; ) {
      if (this.#state === 'broken') throw new Error('the download from the upstream has failed');
      // The last byte goes out when all of them are known to be right: no client may take for whole what is not.
      const sendable = this.#state === 'complete' ? this.size : Math.min(this.#received, this.size - 1);
      const wanted = Math.min(sendable, end + 1, position + READ_SIZE) - position;
      if (wanted <= 0) {
        await once(this.#changes, 'change');
        continue;
      }
      const { bytesRead, buffer } = await this.#file.read(Buffer.allocUnsafe(wanted), 0, wanted, position);
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async #receive(source: AsyncIterable<Buffer>, seen: (chunk: Buffer) => void): Promise<void> {
    for await (const chunk of source) {
      if (this.#received + chunk.length > this.size) throw bad('more than it promised');
      for (let done = 0; done < chunk.length; ) {
        const rest = chunk.length - done;
        done += (await this.#file.write(chunk, done, rest, this.#received + done)).bytesWritten;
      }
      seen(chunk);
      this.#received += chunk.length;
      this.#changes.emit('change');
    }
  }

  #tell(state: 'complete' | 'broken'): void {
    this.#state = state;
    this.#changes.emit('change');
  }

  #release(): void {
    this.#holders--;
    if (this.#holders === 0) void this.#file.close();
  }
}

function bad(what: string): RegistryError {
  return new RegistryError('UNAVAILABLE', `the upstream has sent ${what}`, { status: 502 });
}
