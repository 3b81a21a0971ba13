import { InvalidArgument } from '../../api/index.ts';
import { type Digest, MEDIA_TYPES } from '../../layers/index.ts';

const { index, manifest, dockerList, dockerManifest } = MEDIA_TYPES;

/** What is asked for, the better ones first. */
export const ACCEPTED: readonly string[] = [manifest, index, dockerManifest, dockerList];

const INDEXES: readonly string[] = [index, dockerList];
const OLD = /^application\/vnd\.docker\.distribution\.manifest\.v1\+/;

/** A manifest or an index, byte by byte as the registry has it. */
export interface RemoteManifest {
  readonly bytes: Buffer;
  readonly digest: Digest;
  readonly mediaType: string;
}

/** What a manifest is without its bytes. */
export interface ManifestHead {
  readonly digest: Digest | undefined;
  readonly mediaType: string;
  readonly size: number | undefined;
}

/** Whether it lists manifests rather than layers. */
export function isIndex(mediaType: string): boolean {
  return INDEXES.includes(mediaType);
}

/**
 * The media type of a manifest: what it says itself, else what the answer says. Throws InvalidArgument for what is no
 * manifest of an image.
 */
export function mediaTypeOf(bytes: Buffer, header: string, name: string): string {
  const { mediaType, schemaVersion, manifests } = peek(bytes, name);
  const type = String(mediaType ?? header.split(';', 1)[0]!.trim());
  if (OLD.test(type) || schemaVersion === 1) {
    throw new InvalidArgument(
      `${name} is stored in Docker's image manifest version 2, schema 1, which is no longer supported: ` +
        'its author must push it again with a newer client',
    );
  }
  if (ACCEPTED.includes(type)) return type;
  // Registries that serve files know no media types; the document itself tells.
  if (schemaVersion === 2 && /^(?:text\/plain|application\/(?:json|octet-stream))?$/.test(type))
    return Array.isArray(manifests) ? index : manifest;
  throw new InvalidArgument(`unsupported manifest media type and no default available: ${type} (${name})`);
}

function peek(bytes: Buffer, name: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(bytes.toString());
    if (typeof json === 'object' && json !== null) return json as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new InvalidArgument(`the manifest of ${name} is not a JSON object`);
}
