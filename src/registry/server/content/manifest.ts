import * as v from 'valibot';
import { MEDIA_TYPES } from '../../../layers/index.ts';
import { RegistryError } from '../errors.ts';
import { type ContentDigest, isContentDigest } from './digest.ts';

const digest = v.custom<ContentDigest>(
  (input) => typeof input === 'string' && isContentDigest(input),
  'a sha256 or sha512 digest is expected',
);
const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = v.nullish(v.string());
const annotations = v.nullish(v.record(v.string(), v.string()));

const descriptor = v.looseObject({
  mediaType: v.string(),
  digest,
  size,
  artifactType: text,
  annotations,
  urls: v.nullish(v.array(v.string())),
  platform: v.nullish(v.looseObject({ architecture: v.string(), os: v.string(), variant: text })),
});

const manifest = v.looseObject({
  schemaVersion: v.literal(2),
  mediaType: text,
  artifactType: text,
  config: descriptor,
  layers: v.pipe(v.array(descriptor), v.maxLength(10_000)),
  subject: v.nullish(descriptor),
  annotations,
});

const index = v.looseObject({
  schemaVersion: v.literal(2),
  mediaType: text,
  artifactType: text,
  manifests: v.pipe(v.array(descriptor), v.maxLength(10_000)),
  subject: v.nullish(descriptor),
  annotations,
});

/** Content that a manifest names. */
export type Descriptor = v.InferOutput<typeof descriptor>;

/** What a registry has to know of a manifest; the bytes are the client's business. */
export interface Manifest {
  readonly mediaType: string;
  /** What it says of itself, or, of an image without a word on it, the media type of its config. */
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly subject: Descriptor | undefined;
  /** Blobs that must be there. Layers that live elsewhere, which have URLs, are not among them. */
  readonly blobs: readonly Descriptor[];
  /** Manifests that must be there. */
  readonly manifests: readonly Descriptor[];
}

const INDEXES: readonly string[] = [MEDIA_TYPES.index, MEDIA_TYPES.dockerList];
const IMAGES: readonly string[] = [MEDIA_TYPES.manifest, MEDIA_TYPES.dockerManifest];

/** Reads a manifest. `contentType` is what the client calls it; undefined for one that is stored. Throws MANIFEST_INVALID. */
export function parseManifest(bytes: Buffer, contentType?: string): Manifest {
  const json = parseJson(bytes);
  const mediaType = mediaTypeOf(json, contentType);
  if (INDEXES.includes(mediaType)) {
    const it = check(index, json);
    return {
      ...common(it, mediaType),
      artifactType: it.artifactType ?? undefined,
      blobs: [],
      manifests: it.manifests,
    };
  }
  const it = check(manifest, json);
  const here = it.layers.filter(({ urls }) => !urls?.length);
  return {
    ...common(it, mediaType),
    artifactType: it.artifactType || it.config.mediaType,
    blobs: [it.config, ...here],
    manifests: [],
  };
}

function common(
  it: Pick<v.InferOutput<typeof index>, 'annotations' | 'subject'>,
  mediaType: string,
): Pick<Manifest, 'mediaType' | 'annotations' | 'subject'> {
  return { mediaType, annotations: it.annotations ?? undefined, subject: it.subject ?? undefined };
}

function parseJson(bytes: Buffer): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new RegistryError('MANIFEST_INVALID', 'the manifest is not JSON', { cause });
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json))
    return json as Record<string, unknown>;
  throw new RegistryError('MANIFEST_INVALID', 'the manifest is not a JSON object');
}

/** The type that the document claims, else the one that the client gives, else the one that its fields speak for. */
function mediaTypeOf(json: Record<string, unknown>, contentType: string | undefined): string {
  const given = contentType?.replace(/;.*/s, '').trim() || undefined;
  const claimed = typeof json['mediaType'] === 'string' && json['mediaType'] ? json['mediaType'] : undefined;
  if (given !== undefined && claimed !== undefined && given !== claimed) {
    throw new RegistryError('MANIFEST_INVALID', `the manifest is ${claimed}, but Content-Type says ${given}`);
  }
  const type =
    claimed ?? given ?? (Array.isArray(json['manifests']) ? MEDIA_TYPES.index : MEDIA_TYPES.manifest);
  if (INDEXES.includes(type) || IMAGES.includes(type)) return type;
  throw new RegistryError('MANIFEST_INVALID', `manifests of type ${type.slice(0, 100)} are not supported`);
}

function check<S extends v.GenericSchema>(schema: S, json: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = v.getDotPath(issue) ?? 'document';
  throw new RegistryError('MANIFEST_INVALID', `the manifest is malformed: ${where}: ${issue.message}`);
}
