import type { Readable } from 'node:stream';
import type { Digest } from '../../layers/index.ts';
import { RegistryFailure } from './failure.ts';
import type { Repository } from './repository.ts';
import { expectStatus } from './transport/answers.ts';
import type { HttpResponse } from './transport/http.ts';

/** A blob to be sent. */
export interface OutgoingBlob {
  readonly digest: Digest;
  readonly size: number;
  /** Its bytes from `start` to before `end`. */
  open(start: number, end: number): Readable;
}

export interface UploadOptions {
  /** Repositories of the same registry that are known to have the blob: paths. */
  readonly sources?: readonly string[];
  /** Send it in pieces of so many bytes at most; as a whole unless told, or the registry wants it otherwise. */
  readonly chunkSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What made a blob be there. */
export type UploadResult =
  | { readonly kind: 'uploaded' }
  | { readonly kind: 'mounted'; readonly from: string };

/** The size of pieces for a registry that does not take a blob as a whole. */
const CHUNK = 16 << 20;
const OCTETS = 'application/octet-stream';

/**
 * Makes a blob be in a repository: taken from another repository of the registry where that works, else sent. Throws
 * RegistryFailure, and what `open` throws.
 */
export async function upload(
  repository: Repository,
  blob: OutgoingBlob,
  { sources = [], chunkSize, signal }: UploadOptions,
): Promise<UploadResult> {
  for (const from of sources) {
    const mounted = await mount(repository, blob.digest, from, signal);
    if (mounted === 'mounted') return { kind: 'mounted', from };
    if (mounted !== undefined) await cancel(repository, mounted);
  }
  const session = await begin(repository, signal);
  const least = Number(session.header('oci-chunk-min-length') ?? 0);
  const place = locationOf(session);
  if (chunkSize !== undefined || least > 0) {
    await sendChunks(repository, blob, place, Math.max(chunkSize ?? 0, least) || CHUNK, signal);
    return { kind: 'uploaded' };
  }
  const response = await put(repository, blob, place, 0, signal);
  // Some proxies in front of registries limit the size of a request.
  if (response.status === 413) {
    response.discard();
    await sendChunks(repository, blob, locationOf(await begin(repository, signal)), CHUNK, signal);
  } else {
    await finish(response);
  }
  return { kind: 'uploaded' };
}

/** Stores a manifest or an index under a tag or its digest. */
export async function putManifest(
  repository: Repository,
  which: string,
  bytes: Buffer,
  mediaType: string,
  signal?: AbortSignal,
): Promise<void> {
  const response = await repository.request({
    method: 'PUT',
    target: repository.at(`/manifests/${which}`),
    headers: { 'Content-Type': mediaType, 'Content-Length': bytes.length },
    body: bytes,
    signal,
  });
  await finish(response);
}

/** Asks for a blob of another repository: `mounted`, or the place of the upload that the registry offers instead. */
async function mount(
  repository: Repository,
  digest: Digest,
  from: string,
  signal: AbortSignal | undefined,
): Promise<'mounted' | URL | undefined> {
  const query = new URLSearchParams({ mount: digest, from });
  const response = await repository.request({
    method: 'POST',
    target: repository.at(`/blobs/uploads/?${query}`),
    headers: { 'Content-Length': 0 },
    scopes: [`repository:${from}:pull`],
    signal,
  });
  response.discard();
  if (response.status === 201) return 'mounted';
  // A refusal says that this user may not read there, or that there is nothing to read.
  return response.status === 202 ? locationOf(response) : undefined;
}

async function begin(repository: Repository, signal: AbortSignal | undefined): Promise<HttpResponse> {
  const response = await repository.request({
    method: 'POST',
    target: repository.at('/blobs/uploads/'),
    headers: { 'Content-Length': 0 },
    signal,
  });
  await expectStatus(response, 202);
  response.discard();
  return response;
}

async function cancel(repository: Repository, place: URL): Promise<void> {
  const response = await repository.request({ method: 'DELETE', target: place }).catch(() => undefined);
  response?.discard();
}

/** Sends pieces one after the other; the registry may say each time where the next one goes. */
async function sendChunks(
  repository: Repository,
  blob: OutgoingBlob,
  first: URL,
  chunkSize: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  let place = first;
  let sent = 0;
  while (blob.size - sent > chunkSize) {
    const end = sent + chunkSize;
    const start = sent;
    const response = await repository.request({
      method: 'PATCH',
      target: place,
      headers: {
        'Content-Type': OCTETS,
        'Content-Length': end - start,
        'Content-Range': `${start}-${end - 1}`,
      },
      body: () => blob.open(start, end),
      signal,
    });
    await expectStatus(response, 202);
    response.discard();
    place = locationOf(response);
    sent = end;
  }
  await finish(await put(repository, blob, place, sent, signal));
}

/** Sends what is left of a blob and says that this was all. */
function put(
  repository: Repository,
  blob: OutgoingBlob,
  place: URL,
  start: number,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  const target = new URL(place);
  target.searchParams.set('digest', blob.digest);
  const length = blob.size - start;
  return repository.request({
    method: 'PUT',
    target,
    headers: {
      'Content-Type': OCTETS,
      'Content-Length': length,
      ...(start > 0 ? { 'Content-Range': `${start}-${blob.size - 1}` } : {}),
    },
    body: () => blob.open(start, blob.size),
    signal,
  });
}

async function finish(response: HttpResponse): Promise<void> {
  await expectStatus(response, 201, 204);
  response.discard();
}

function locationOf(response: HttpResponse): URL {
  const location = response.header('location');
  const url = location === undefined ? null : URL.parse(location, response.url.href);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new RegistryFailure(`${response.url.host} does not say where to upload to`, { status: 400 });
  return url;
}
