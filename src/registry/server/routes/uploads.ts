import {
  type Chunk,
  type ContentDigest,
  checkDigest,
  isContentDigest,
  isName,
  rangeOf,
  splitDigest,
} from '../content/index.ts';
import { RegistryError } from '../errors.ts';
import type { Exchange } from '../http/exchange.ts';
import { parseChunkRange } from '../http/range.ts';
import type { Router } from '../http/router.ts';
import type { RegistryParts } from '../parts.ts';

/** Pushing blobs: whole, in chunks, or from another repository (distribution-spec, "Pushing blobs"). */
export function uploadRoutes(router: Router, parts: RegistryParts): void {
  const { content, access, proxy, metrics } = parts;
  const { uploads, blobs } = content;

  router.add('POST', '/v2/{name}/blobs/uploads/', 'push', async (exchange, { name }) => {
    proxy.refuseChange(name);
    const mounted = await mount(exchange, name);
    if (mounted) return created(exchange, name, mounted);
    const digest = exchange.query.get('digest');
    if (digest !== null) return await pushWhole(exchange, name, checkDigest(digest));
    accepted(exchange, name, await uploads.begin(name), 0);
  });

  router.add(
    'PATCH',
    '/v2/{name}/blobs/uploads/{reference}',
    'push',
    async (exchange, { name, reference }) => {
      proxy.refuseChange(name);
      accepted(exchange, name, reference, await receive(exchange, name, reference));
    },
  );

  router.add('PUT', '/v2/{name}/blobs/uploads/{reference}', 'push', async (exchange, { name, reference }) => {
    proxy.refuseChange(name);
    const given = exchange.query.get('digest');
    if (given === null)
      throw new RegistryError('DIGEST_INVALID', 'the digest is missing: end an upload with ?digest=');
    const digest = checkDigest(given);
    await receive(exchange, name, reference);
    await uploads.finish(name, reference, digest, (file) => blobs.commit(name, digest, file));
    created(exchange, name, digest);
  });

  router.add('GET', '/v2/{name}/blobs/uploads/{reference}', 'push', async (exchange, { name, reference }) => {
    const size = await uploads.sizeOf(name, reference);
    exchange.empty(204, progress(name, reference, size));
  });

  router.add(
    'DELETE',
    '/v2/{name}/blobs/uploads/{reference}',
    'push',
    async (exchange, { name, reference }) => {
      await uploads.cancel(name, reference);
      exchange.empty(204);
    },
  );

  /** Takes a blob over from the repository that `from` names, if there is one and the client may read it. */
  async function mount(exchange: Exchange, name: string): Promise<ContentDigest | undefined> {
    const digest = exchange.query.get('mount') ?? '';
    const from = exchange.query.get('from') ?? '';
    if (!isContentDigest(digest) || !isName(from)) return undefined;
    if (!access.permits(exchange.identity, from, 'pull')) return undefined;
    return (await blobs.mount(from, name, digest)) ? digest : undefined;
  }

  async function pushWhole(exchange: Exchange, name: string, digest: ContentDigest): Promise<void> {
    const id = await uploads.begin(name, splitDigest(digest).algorithm);
    try {
      await receive(exchange, name, id);
    } catch (error) {
      // Nobody knows its ID.
      await uploads.cancel(name, id).catch(() => {});
      throw error;
    }
    await uploads.finish(name, id, digest, (file) => blobs.commit(name, digest, file));
    created(exchange, name, digest);
  }

  async function receive(exchange: Exchange, name: string, id: string): Promise<number> {
    const before = await uploads.sizeOf(name, id);
    const size = await uploads.append(name, id, exchange.req, chunkOf(exchange));
    metrics.received.inc(size - before);
    return size;
  }
}

/** Which bytes the body holds. Throws SIZE_INVALID when the headers contradict each other. */
function chunkOf(exchange: Exchange): Chunk {
  const header = exchange.req.headers['content-range'];
  if (header === undefined) return { length: exchange.length };
  const chunk = parseChunkRange(header);
  if (exchange.length === undefined || exchange.length === chunk.length) return chunk;
  throw new RegistryError(
    'SIZE_INVALID',
    `Content-Range speaks of ${chunk.length} bytes, Content-Length of ${exchange.length}`,
    {
      status: 400,
    },
  );
}

function accepted(exchange: Exchange, name: string, id: string, size: number): void {
  exchange.empty(202, progress(name, id, size));
}

function progress(name: string, id: string, size: number): Record<string, string> {
  return { Location: `/v2/${name}/blobs/uploads/${id}`, Range: rangeOf(size), 'Docker-Upload-UUID': id };
}

function created(exchange: Exchange, name: string, digest: ContentDigest): void {
  exchange.empty(201, { Location: `/v2/${name}/blobs/${digest}`, 'Docker-Content-Digest': digest });
}
