import {
  type ContentDigest,
  checkDigest,
  isContentDigest,
  isTag,
  MAX_MANIFEST,
  parseManifest,
  type StoredManifest,
} from '../content/index.ts';
import { RegistryError } from '../errors.ts';
import { readBody } from '../http/body.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Router } from '../http/router.ts';
import type { RegistryParts } from '../parts.ts';

/** Manifests and what refers to them (distribution-spec, "Pulling manifests" to "Deleting manifests", "Listing Referrers"). */
export function manifestRoutes(router: Router, parts: RegistryParts): void {
  const { content, proxy } = parts;
  const { manifests, tags } = content;

  router.add('GET', '/v2/{name}/manifests/{reference}', 'pull', async (exchange, { name, reference }) => {
    const wanted = reference.includes(':') ? { digest: checkDigest(reference) } : { tag: reference };
    const found = (await proxy.manifest(name, wanted)) ?? (await manifests.get(name, wanted));
    if (!found) throw unknown(reference);
    send(exchange, found);
  });

  router.add('PUT', '/v2/{name}/manifests/{reference}', 'push', async (exchange, { name, reference }) => {
    proxy.refuseChange(name);
    const by = isContentDigest(reference) ? { digest: reference } : { tag: checkTag(reference) };
    const bytes = await readBody(exchange, MAX_MANIFEST);
    const contentType = exchange.req.headers['content-type'];
    const { digest, manifest } = await manifests.put(name, bytes, { contentType, ...by });
    exchange.empty(201, {
      Location: `/v2/${name}/manifests/${reference}`,
      'Docker-Content-Digest': digest,
      ...(manifest.subject ? { 'OCI-Subject': manifest.subject.digest } : {}),
    });
  });

  router.add(
    'DELETE',
    '/v2/{name}/manifests/{reference}',
    'delete',
    async (exchange, { name, reference }) => {
      proxy.refuseChange(name);
      const removed = reference.includes(':')
        ? await manifests.remove(name, checkDigest(reference))
        : await tags.remove(name, reference);
      if (!removed) throw unknown(reference);
      exchange.empty(202);
    },
  );

  router.add('GET', '/v2/{name}/referrers/{reference}', 'pull', async (exchange, { name, reference }) => {
    const subject = checkDigest(reference);
    const artifactType = exchange.query.get('artifactType') || undefined;
    const found = await manifests.referrers(name, subject, artifactType);
    const index = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: found,
    };
    exchange.json(200, index, {
      'Content-Type': index.mediaType,
      ...(artifactType === undefined ? {} : { 'OCI-Filters-Applied': 'artifactType' }),
    });
  });
}

function send(exchange: Exchange, { digest, bytes }: StoredManifest): void {
  const etag = `"${digest}"`;
  const headers = {
    'Content-Type': parseManifest(bytes).mediaType,
    'Docker-Content-Digest': digest,
    ETag: etag,
  };
  if (exchange.req.headers['if-none-match'] === etag) exchange.empty(304, headers);
  else exchange.bytes(200, bytes, headers);
}

function checkTag(text: string): string {
  if (isTag(text)) return text;
  if (text.includes(':')) checkDigest(text);
  throw new RegistryError('MANIFEST_INVALID', `"${text.slice(0, 160)}" is neither a tag nor a digest`);
}

function unknown(reference: string | ContentDigest): RegistryError {
  return new RegistryError('MANIFEST_UNKNOWN', 'this repository has no such manifest', {
    detail: { reference: reference.slice(0, 160) },
  });
}
