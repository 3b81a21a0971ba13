import type { ImageReference } from '../../api/index.ts';
import { type Digest, digestOf, isDigest, MAX_DOCUMENT, type OciDescriptor } from '../../layers/index.ts';
import { RegistryFailure } from './failure.ts';
import { ACCEPTED, type ManifestHead, mediaTypeOf, type RemoteManifest } from './manifests.ts';
import { expectStatus, failureOf } from './transport/answers.ts';
import type { HttpResponse } from './transport/http.ts';
import type { Session, SessionRequest } from './transport/session.ts';

/** What is to be done in a repository. */
export type Action = 'pull' | 'push' | 'delete';

/** Tags that one answer may hold, and answers that are read. */
const TAGS_PER_PAGE = 1000;
const MAX_PAGES = 1000;

/** A part of a blob that is on its way. */
export interface BlobPart {
  /** Where it begins: what was asked for, or 0 from a registry that sends only whole blobs. */
  readonly offset: number;
  readonly bytes: AsyncGenerator<Buffer, void, undefined>;
}

/**
 * One repository at one endpoint, by OCI Distribution 1.1. Everything throws RegistryFailure for what the registry or
 * the network does, and the reason of an aborted signal.
 */
export class Repository {
  /** Where the endpoint is. */
  readonly session: Session;
  /** Path of the repository in the registry. */
  readonly path: string;
  readonly #scopes: readonly string[];

  constructor(session: Session, { path }: Pick<ImageReference, 'path'>, actions: readonly Action[]) {
    this.session = session;
    this.path = path;
    this.#scopes = [`repository:${path}:${actions.join(',')}`];
  }

  /** Makes sure that there is a registry, and that it knows who asks. */
  async ping(signal?: AbortSignal): Promise<void> {
    const response = await this.request({ method: 'GET', target: '/v2/', signal });
    await expectStatus(response, 200);
    response.discard();
  }

  /** A manifest or index by tag or digest. By digest, it must have it; throws InvalidArgument for what is none. */
  async manifest(which: string, signal?: AbortSignal): Promise<RemoteManifest> {
    const response = await this.#get(`/manifests/${which}`, signal, { Accept: ACCEPTED.join(', ') });
    const bytes = await response.bytes(MAX_DOCUMENT);
    const digest = digestOf(bytes);
    const promised = isDigest(which) ? which : response.header('docker-content-digest');
    if (promised !== undefined && isDigest(promised) && promised !== digest) {
      throw new RegistryFailure(
        `manifest verification failed for digest ${promised}: ${this.session.endpoint.url.host} has sent one with ${digest}`,
        { status: 422, code: 'DIGEST_INVALID' },
      );
    }
    const mediaType = mediaTypeOf(bytes, response.header('content-type') ?? '', `${this.path}:${which}`);
    return { bytes, digest, mediaType };
  }

  /** What there is under a tag or digest; undefined when there is nothing. */
  async head(which: string, signal?: AbortSignal): Promise<ManifestHead | undefined> {
    const response = await this.request({
      method: 'HEAD',
      target: this.at(`/manifests/${which}`),
      headers: { Accept: ACCEPTED.join(', ') },
      signal,
    });
    response.discard();
    if (response.status === 404) return undefined;
    await expectStatus(response, 200);
    const digest = response.header('docker-content-digest');
    const size = Number(response.header('content-length') ?? Number.NaN);
    return {
      digest: digest !== undefined && isDigest(digest) ? digest : undefined,
      mediaType: response.header('content-type') ?? '',
      size: Number.isSafeInteger(size) ? size : undefined,
    };
  }

  /** A blob from byte `offset` on. */
  async blob({ digest }: OciDescriptor, offset = 0, signal?: AbortSignal): Promise<BlobPart> {
    const headers = offset > 0 ? { Range: `bytes=${offset}-` } : {};
    const response = await this.request({
      method: 'GET',
      target: this.at(`/blobs/${digest}`),
      headers,
      signal,
    });
    await expectStatus(response, 200, 206);
    return { offset: response.status === 206 ? partStart(response, offset) : 0, bytes: response.body() };
  }

  /** A small blob as a whole, verified. Throws RegistryFailure when it is not what its descriptor says. */
  async document(descriptor: OciDescriptor, signal?: AbortSignal): Promise<Buffer> {
    const { digest, size } = descriptor;
    if (size > MAX_DOCUMENT)
      throw new RegistryFailure(`blob ${digest} has ${size} bytes: ${MAX_DOCUMENT} at most are allowed`, {
        status: 422,
      });
    const response = await this.#get(`/blobs/${digest}`, signal);
    const bytes = await response.bytes(size);
    if (digestOf(bytes) === digest) return bytes;
    throw new RegistryFailure(`image config verification failed for digest ${digest}`, {
      status: 422,
      code: 'DIGEST_INVALID',
    });
  }

  /** Bytes of a blob, or undefined when it is not there. */
  async blobSize(digest: Digest, signal?: AbortSignal): Promise<number | undefined> {
    const response = await this.request({ method: 'HEAD', target: this.at(`/blobs/${digest}`), signal });
    response.discard();
    if (response.status === 404) return undefined;
    await expectStatus(response, 200);
    return Number(response.header('content-length') ?? 0);
  }

  /** All tags, page by page. */
  async tags(signal?: AbortSignal): Promise<string[]> {
    const tags: string[] = [];
    let target: string | URL = this.at(`/tags/list?n=${TAGS_PER_PAGE}`);
    for (let page = 0; page < MAX_PAGES; page++) {
      const response: HttpResponse = await this.request({ method: 'GET', target, signal });
      await expectStatus(response, 200);
      const answer = JSON.parse((await response.bytes(MAX_DOCUMENT)).toString()) as { tags?: unknown };
      if (Array.isArray(answer.tags)) tags.push(...answer.tags.filter((tag) => typeof tag === 'string'));
      const next = /<([^>]+)>\s*;\s*rel="?next"?/.exec(response.header('link') ?? '')?.[1];
      if (next === undefined) break;
      target = new URL(next, response.url);
    }
    return tags;
  }

  /** A request for what is to be done here. */
  request(request: SessionRequest): Promise<HttpResponse> {
    return this.session.request({ ...request, scopes: [...this.#scopes, ...(request.scopes ?? [])] });
  }

  /** A path in this repository. */
  at(rest: string): string {
    return `/v2/${this.path}${rest}`;
  }

  async #get(rest: string, signal: AbortSignal | undefined, headers = {}): Promise<HttpResponse> {
    const response = await this.request({ method: 'GET', target: this.at(rest), headers, signal });
    if (response.status !== 200) throw await failureOf(response);
    return response;
  }
}

/** Where a part begins, by `Content-Range`. */
function partStart(response: HttpResponse, asked: number): number {
  const [, start] = /^bytes (\d+)-/.exec(response.header('content-range') ?? '') ?? [];
  if (start === undefined || Number(start) > asked)
    throw new RegistryFailure(`${response.url.host} has sent another part of a blob than was asked for`, {
      status: 422,
    });
  return Number(start);
}
