import { pipeline } from 'node:stream/promises';
import { type ContentDigest, checkDigest } from '../content/index.ts';
import { RegistryError } from '../errors.ts';
import type { Exchange } from '../http/exchange.ts';
import { parseRange } from '../http/range.ts';
import type { Params, Router } from '../http/router.ts';
import type { RegistryParts } from '../parts.ts';

/** A year: a blob never changes. */
const FOREVER = 'private, max-age=31536000, immutable';

/** Pulling and deleting blobs (distribution-spec, "Pulling blobs", "Deleting blobs"). */
export function blobRoutes(router: Router, parts: RegistryParts): void {
  const { content, proxy, metrics } = parts;

  router.add('GET', '/v2/{name}/blobs/{reference}', 'pull', async (exchange, { name, reference }) => {
    const digest = checkDigest(reference);
    const size = await content.blobs.sizeOf(name, digest);
    if (size !== undefined) return await send(exchange, digest, size);
    if (await proxy.sendBlob(exchange, name, digest)) return;
    throw unknown(digest);
  });

  router.add(
    'DELETE',
    '/v2/{name}/blobs/{reference}',
    'delete',
    async (exchange, { name, reference }: Params) => {
      const digest = checkDigest(reference);
      proxy.refuseChange(name);
      if (!(await content.blobs.unlink(name, digest))) throw unknown(digest);
      exchange.empty(202);
    },
  );

  async function send(exchange: Exchange, digest: ContentDigest, size: number): Promise<void> {
    const etag = `"${digest}"`;
    const headers = {
      'Content-Type': 'application/octet-stream',
      'Docker-Content-Digest': digest,
      'Cache-Control': FOREVER,
      'Accept-Ranges': 'bytes',
      ETag: etag,
    };
    if (exchange.req.headers['if-none-match'] === etag) return exchange.empty(304, headers);
    const range = parseRange(exchange.req.headers.range, size);
    if (range === undefined && (exchange.isHead || size === 0)) {
      exchange.res.writeHead(200, { ...headers, 'Content-Length': size }).end();
      return;
    }
    const { start, end } = range ?? { start: 0, end: size - 1 };
    const length = { 'Content-Length': end - start + 1 };
    const partial = { ...headers, ...length, 'Content-Range': `bytes ${start}-${end}/${size}` };
    if (exchange.isHead) {
      exchange.res.writeHead(206, partial).end();
      return;
    }
    const source = await content.blobs.stream(digest, { start, end });
    if (range === undefined) exchange.res.writeHead(200, { ...headers, ...length });
    else exchange.res.writeHead(206, partial);
    await pipeline(source, exchange.res);
    metrics.sent.inc(end - start + 1);
  }
}

function unknown(digest: ContentDigest): RegistryError {
  return new RegistryError('BLOB_UNKNOWN', 'this repository has no such blob', { detail: { digest } });
}
