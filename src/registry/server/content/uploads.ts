import { createHash, type Hash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { RegistryError } from '../errors.ts';
import { type Algorithm, type ContentDigest, hasher, splitDigest } from './digest.ts';

/** Bytes that are gathered before they are written. */
const WRITE_SIZE = 512 << 10;

/** How many uploads keep their running hash in memory; others are read again when they go on. */
const MAX_SESSIONS = 1000;

const ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** What the next bytes of an upload are said to be. */
export interface Chunk {
  /** Where they belong; wherever the upload has come to when undefined. */
  readonly start?: number | undefined;
  /** How many there are; as many as come when undefined. */
  readonly length?: number | undefined;
}

/** What is known of an upload in memory; all of it can be found again on disk. */
interface Session {
  size: number;
  /** The hash of the first `size` bytes; undefined when it has to be worked out anew. */
  hash: Hash | undefined;
  algorithm: Algorithm;
  /** Ends the request that is at work with it. */
  abort: AbortController | undefined;
  tail: Promise<unknown>;
}

/**
 * Blobs that are not complete yet: one local file each, whatever the storage is, so that an upload goes on where it was
 * after a broken connection or a restart, and nothing that is unverified ever gets into the storage. Of several requests
 * for one upload the newest wins, since a client that asks again has given up on the connection before.
 */
export class Uploads {
  readonly #folder: string;
  readonly #limit: number;
  readonly #sessions = new Map<string, Session>();

  private constructor(folder: string, limit: number) {
    this.#folder = folder;
    this.#limit = limit;
  }

  /** `limit`: the bytes that one blob may have. */
  static async open(folder: string, limit: number): Promise<Uploads> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new Uploads(folder, limit);
  }

  /** Begins an upload and returns its ID. `algorithm` is the one that its digest will probably have. */
  async begin(repository: string, algorithm: Algorithm = 'sha256'): Promise<string> {
    const id = randomUUID();
    const file = await open(this.#path(repository, id), 'wx', 0o600);
    await file.close();
    this.#remember(this.#path(repository, id), { size: 0, hash: hasher(algorithm), algorithm });
    return id;
  }

  /** Bytes that have been received. Throws BLOB_UPLOAD_UNKNOWN. */
  async sizeOf(repository: string, id: string): Promise<number> {
    return (await this.#session(this.#path(repository, id), id)).size;
  }

  /** Receives more bytes and returns how many there are now. Throws RANGE_INVALID for bytes that do not come next. */
  async append(repository: string, id: string, source: Readable, chunk: Chunk = {}): Promise<number> {
    const path = this.#path(repository, id);
    const session = await this.#session(path, id);
    return await this.#exclusively(session, async (signal) => {
      if (chunk.start !== undefined && chunk.start !== session.size) {
        throw new RegistryError(
          'RANGE_INVALID',
          `the upload goes on at byte ${session.size}, not ${chunk.start}`,
          {
            headers: { Range: rangeOf(session.size) },
          },
        );
      }
      const stop = () => source.destroy(new Error('another request goes on with this upload'));
      signal.addEventListener('abort', stop);
      try {
        await using file = await openUpload(path, id, 'r+');
        await this.#receive(file, session, source, chunk.length);
      } finally {
        signal.removeEventListener('abort', stop);
      }
      return session.size;
    });
  }

  /** Verifies an upload and hands its file to `commit`, which takes it away. It is over in any case. Throws DIGEST_INVALID. */
  async finish(
    repository: string,
    id: string,
    digest: ContentDigest,
    commit: (file: string) => Promise<void>,
  ): Promise<void> {
    const path = this.#path(repository, id);
    const session = await this.#session(path, id);
    await this.#exclusively(session, async () => {
      try {
        const { algorithm, hex } = splitDigest(digest);
        const found = await this.#digest(path, id, session, algorithm);
        if (found !== hex) {
          throw new RegistryError('DIGEST_INVALID', 'the content is not what the digest says', {
            detail: { expected: digest, received: `${algorithm}:${found}` },
          });
        }
        await commit(path);
      } finally {
        await this.#forget(path);
      }
    });
  }

  /** Gives an upload up. Throws BLOB_UPLOAD_UNKNOWN. */
  async cancel(repository: string, id: string): Promise<void> {
    const path = this.#path(repository, id);
    const session = await this.#session(path, id);
    await this.#exclusively(session, () => this.#forget(path));
  }

  /** Gives up what nobody has gone on with for `age` milliseconds, and returns how many that were. */
  async expire(age: number): Promise<number> {
    let expired = 0;
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      const found = await stat(path).catch(() => undefined);
      if (found === undefined || Date.now() - found.mtimeMs < age || this.#sessions.get(path)?.abort)
        continue;
      await this.#forget(path);
      expired++;
    }
    return expired;
  }

  /** Uploads under way. */
  async count(): Promise<number> {
    return (await readdir(this.#folder)).length;
  }

  async #receive(
    file: FileHandle,
    session: Session,
    source: Readable,
    length: number | undefined,
  ): Promise<void> {
    const begin = session.size;
    let pending: Buffer[] = [];
    let bytes = 0;
    const flush = async () => {
      const parts = pending;
      pending = [];
      await writeAll(file, parts, bytes, session.size);
      session.size += bytes;
      bytes = 0;
    };
    try {
      // The request must outlive an error, or there would be no way left to say what it was.
      for await (const part of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        session.hash?.update(part);
        pending.push(part);
        bytes += part.length;
        const received = session.size + bytes;
        if (received > this.#limit)
          throw new RegistryError('SIZE_INVALID', `a blob may have ${this.#limit} bytes at most`);
        if (length !== undefined && received - begin > length) {
          throw new RegistryError('BLOB_UPLOAD_INVALID', 'there are more bytes than Content-Range says');
        }
        if (bytes >= WRITE_SIZE) await flush();
      }
      await flush();
      if (length !== undefined && session.size - begin !== length) {
        throw new RegistryError('BLOB_UPLOAD_INVALID', 'there are fewer bytes than Content-Range says');
      }
    } catch (error) {
      // Of a broken connection everything that came is kept, of a senseless request nothing.
      session.hash = undefined;
      if (error instanceof RegistryError) session.size = begin;
      else await flush().catch(() => {});
      await file.truncate(session.size).catch(() => {});
      throw error;
    }
  }

  async #digest(path: string, id: string, session: Session, algorithm: Algorithm): Promise<string> {
    if (session.hash && session.algorithm === algorithm) return session.hash.copy().digest('hex');
    await using file = await openUpload(path, id, 'r');
    const hash = hasher(algorithm);
    const stream = createReadStream('', { fd: file, autoClose: false, highWaterMark: WRITE_SIZE });
    for await (const part of stream) hash.update(part as Buffer);
    return hash.digest('hex');
  }

  /** Lets one request at a time at an upload, and ends the one before. */
  #exclusively<T>(session: Session, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    session.abort?.abort();
    const abort = new AbortController();
    session.abort = abort;
    const running = session.tail.then(() => work(abort.signal));
    session.tail = running.then(
      () => {},
      () => {},
    );
    return running.finally(() => {
      if (session.abort === abort) session.abort = undefined;
    });
  }

  async #session(path: string, id: string): Promise<Session> {
    if (!ID.test(id)) throw unknown(id);
    const known = this.#sessions.get(path);
    if (known) return known;
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) throw unknown(id);
    // Somebody may have looked at the same time.
    return (
      this.#sessions.get(path) ??
      this.#remember(path, { size: found.size, hash: undefined, algorithm: 'sha256' })
    );
  }

  #remember(path: string, known: Pick<Session, 'size' | 'hash' | 'algorithm'>): Session {
    const session: Session = { ...known, abort: undefined, tail: Promise.resolve() };
    for (const [oldest, { abort }] of this.#sessions) {
      if (this.#sessions.size < MAX_SESSIONS) break;
      if (!abort) this.#sessions.delete(oldest);
    }
    this.#sessions.set(path, session);
    return session;
  }

  async #forget(path: string): Promise<void> {
    this.#sessions.delete(path);
    await rm(path, { force: true });
  }

  /** The name says which repository it belongs to: an upload is no way around the rules for another one. */
  #path(repository: string, id: string): string {
    const owner = createHash('sha256').update(repository).digest('hex').slice(0, 16);
    return join(this.#folder, `${owner}.${id}`);
  }
}

/** How much of an upload is there, as the `Range` header says it; one byte too many when there is nothing, for want of a word. */
export function rangeOf(size: number): string {
  return `0-${Math.max(size - 1, 0)}`;
}

async function openUpload(path: string, id: string, flags: 'r' | 'r+'): Promise<FileHandle> {
  try {
    return await open(path, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw unknown(id);
    throw error;
  }
}

async function writeAll(
  file: FileHandle,
  parts: readonly Buffer[],
  bytes: number,
  position: number,
): Promise<void> {
  if (bytes === 0) return;
  const { bytesWritten } = await file.writev(parts, position);
  if (bytesWritten === bytes) return;
  const rest = Buffer.concat(parts).subarray(bytesWritten);
  for (let done = 0; done < rest.length; ) {
    done += (await file.write(rest, done, rest.length - done, position + bytesWritten + done)).bytesWritten;
  }
}

function unknown(id: string): RegistryError {
  return new RegistryError('BLOB_UPLOAD_UNKNOWN', `there is no upload ${id.slice(0, 40)}: begin a new one`);
}
