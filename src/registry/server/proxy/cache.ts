import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BerthError, messageOf } from '../../../api/index.ts';
import type { Digest } from '../../../layers/index.ts';
import { RegistryFailure } from '../../client/failure.ts';
import type { Content, ContentDigest, StoredManifest } from '../content/index.ts';
import { RegistryError } from '../errors.ts';
import type { Exchange } from '../http/exchange.ts';
import { parseRange } from '../http/range.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { Download } from './download.ts';
import type { PullThrough } from './proxy.ts';
import { SingleFlight } from './single-flight.ts';
import type { Upstreams } from './upstreams.ts';

/** So many tags are known to be fresh at a time. */
const MAX_FRESH = 10_000;

export interface CacheOptions {
  /** Folder for blobs on their way, on the same filesystem as the storage if that is a disk. */
  readonly folder: string;
  /** Milliseconds for which a tag is taken for current without asking. */
  readonly freshFor: number;
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * Repositories that are copies of others: what is asked for is fetched once, however many ask at the same time, and kept.
 * When the upstream does not answer, what is here is served, even if a tag may have moved since.
 */
export class Cache implements PullThrough, AsyncDisposable {
  readonly #content: Content;
  readonly #upstreams: Upstreams;
  readonly #options: CacheOptions;
  readonly #manifests = new SingleFlight<string, StoredManifest>();
  readonly #opening = new SingleFlight<string, void>();
  readonly #downloads = new Map<string, Download>();
  /** Ends with each download, however that ends. */
  readonly #running = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  /** When tags were last compared with the upstream's. */
  readonly #fresh = new Map<string, number>();

  constructor(content: Content, upstreams: Upstreams, options: CacheOptions) {
    this.#content = content;
    this.#upstreams = upstreams;
    this.#options = options;
    rmSync(options.folder, { recursive: true, force: true });
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  }

  refuseChange(name: string): void {
    if (!this.#upstreams.has(name)) return;
    throw new RegistryError('UNSUPPORTED', `${name} is a copy of another registry's: push to the original`);
  }

  async manifest(
    name: string,
    wanted: { tag?: string; digest?: ContentDigest },
  ): Promise<StoredManifest | undefined> {
    if (!this.#upstreams.has(name)) return undefined;
    const local = await this.#content.manifests.get(name, wanted);
    const key = `${name}:${wanted.digest ?? wanted.tag}`;
    const checked = this.#fresh.get(key) ?? 0;
    if (local && (wanted.digest || Date.now() - checked < this.#options.freshFor))
      return this.#count('hit', local);
    try {
      return await this.#manifests.do(key, () => this.#fetchManifest(name, wanted, local));
    } catch (error) {
      if (local === undefined || !isOutage(error)) throw translate(error, 'MANIFEST_UNKNOWN');
      this.#options.log('warn', `${name}: served as it was, since the upstream fails: ${messageOf(error)}`);
      return this.#count('stale', local);
    }
  }

  async sendBlob(exchange: Exchange, name: string, digest: ContentDigest): Promise<boolean> {
    if (!this.#upstreams.has(name)) return false;
    const key = `${name}@${digest}`;
    const isNew = !this.#downloads.has(key);
    try {
      if (isNew && exchange.isHead) return this.#head(exchange, digest, await this.#sizeOf(name, digest));
      if (isNew) await this.#opening.do(key, () => this.#begin(key, name, digest));
    } catch (error) {
      throw translate(error, 'BLOB_UNKNOWN');
    }
    this.#options.metrics.proxied.inc({ answer: isNew ? 'miss' : 'hit' });
    const download = this.#downloads.get(key);
    if (download === undefined)
      throw new RegistryError('UNAVAILABLE', 'the upstream has sent nothing: try again');
    using _ = download.hold();
    await this.#send(exchange, digest, download);
    return true;
  }

  async tags(name: string): Promise<string[] | undefined> {
    if (!this.#upstreams.has(name)) return undefined;
    try {
      return (await this.#upstreams.at(name, (repository) => repository.tags())).sort();
    } catch (error) {
      if (isOutage(error) && (await this.#content.repositories.has(name))) return undefined;
      throw translate(error, 'NAME_UNKNOWN');
    }
  }

  /** Breaks off what is on its way. Nothing is written any more when this is done. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error('the registry stops'));
    await Promise.all(this.#running);
    this.#upstreams[Symbol.dispose]();
  }

  /** The upstream's manifest, stored. A tag that has not moved costs one HEAD. */
  async #fetchManifest(
    name: string,
    { tag, digest }: { tag?: string; digest?: ContentDigest },
    local: StoredManifest | undefined,
  ): Promise<StoredManifest> {
    const found = await this.#upstreams.at(name, async (repository) => {
      if (local && tag !== undefined && (await repository.head(tag))?.digest === local.digest)
        return undefined;
      return await repository.manifest(digest ?? tag!);
    });
    if (tag !== undefined) this.#remember(`${name}:${tag}`);
    if (found === undefined) return this.#count('hit', local!);
    const options = { contentType: found.mediaType, complete: false };
    await this.#content.manifests.put(name, found.bytes, {
      ...options,
      ...(tag === undefined ? { digest } : { tag }),
    });
    return this.#count('miss', { digest: digest ?? found.digest, bytes: found.bytes });
  }

  async #sizeOf(name: string, digest: ContentDigest): Promise<number> {
    const size = await this.#upstreams.at(name, (repository) => repository.blobSize(digest as Digest));
    if (size !== undefined) return size;
    throw new RegistryError('BLOB_UNKNOWN', 'the upstream has no such blob', { detail: { digest } });
  }

  async #begin(key: string, name: string, digest: ContentDigest): Promise<void> {
    const size = await this.#sizeOf(name, digest);
    const download = await Download.open(digest, size, join(this.#options.folder, randomUUID()));
    this.#downloads.set(key, download);
    const upstreams = this.#upstreams;
    const { signal } = this.#closing;
    async function* source(offset: number): AsyncGenerator<Buffer> {
      const descriptor = { mediaType: '', digest: digest as Digest, size };
      const part = await upstreams.at(name, (repository) => repository.blob(descriptor, offset, signal));
      let skip = offset - part.offset;
      for await (const chunk of part.bytes) {
        yield chunk.subarray(skip);
        skip = Math.max(0, skip - chunk.length);
      }
    }
    const commit = async () => {
      await this.#content.blobs.commit(name, digest, download.path);
      this.#downloads.delete(key);
    };
    const running = download
      .run(source, commit, signal)
      .catch((error: unknown) => {
        this.#downloads.delete(key);
        this.#options.log('warn', `${key}: not fetched from the upstream: ${messageOf(error)}`);
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  #head(exchange: Exchange, digest: ContentDigest, size: number): true {
    exchange.res.writeHead(200, { ...headersOf(digest), 'Content-Length': size }).end();
    return true;
  }

  async #send(exchange: Exchange, digest: ContentDigest, download: Download): Promise<void> {
    const range = parseRange(exchange.req.headers.range, download.size);
    const { start, end } = range ?? { start: 0, end: download.size - 1 };
    exchange.res.writeHead(range ? 206 : 200, {
      ...headersOf(digest),
      'Content-Length': end - start + 1,
      ...(range ? { 'Content-Range': `bytes ${start}-${end}/${download.size}` } : {}),
    });
    if (exchange.isHead || download.size === 0) exchange.res.end();
    else await pipeline(Readable.from(download.read({ start, end })), exchange.res);
  }

  #remember(key: string): void {
    if (this.#fresh.size >= MAX_FRESH) this.#fresh.clear();
    this.#fresh.set(key, Date.now());
  }

  #count(answer: 'hit' | 'miss' | 'stale', result: StoredManifest): StoredManifest {
    this.#options.metrics.proxied.inc({ answer });
    return result;
  }
}

/** Whether the upstream cannot say anything now, rather than saying no. */
function isOutage(error: unknown): boolean {
  return error instanceof RegistryFailure && error.isPassing;
}

/** In the words of this registry's own answers. */
function translate(error: unknown, unknown: 'MANIFEST_UNKNOWN' | 'BLOB_UNKNOWN' | 'NAME_UNKNOWN'): unknown {
  if (!(error instanceof RegistryFailure || error instanceof BerthError)) return error;
  const message = `the upstream registry: ${messageOf(error)}`;
  if (isOutage(error)) {
    const isBusy = error.status === 429;
    return new RegistryError(isBusy ? 'TOOMANYREQUESTS' : 'UNAVAILABLE', message, { cause: error });
  }
  // Who may not read it there learns no more here than that it is not here.
  return new RegistryError(unknown, message, { cause: error });
}

function headersOf(digest: ContentDigest): Record<string, string> {
  return {
    'Content-Type': 'application/octet-stream',
    'Docker-Content-Digest': digest,
    'Accept-Ranges': 'bytes',
  };
}
