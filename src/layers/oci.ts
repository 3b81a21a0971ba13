import * as v from 'valibot';
import { HealthcheckSchema, InvalidArgument } from '../api/index.ts';
import { type Digest, isDigest } from './digest.ts';

/** The largest manifest, index or config that is read: 4 MiB, as registries have it. */
export const MAX_DOCUMENT = 4 << 20;

const digest = v.custom<Digest>(
  (input) => typeof input === 'string' && isDigest(input),
  'not a sha256 digest',
);
const text = v.nullish(v.string());
const texts = v.nullish(v.array(v.string()));
const textMap = v.nullish(v.record(v.string(), v.string()));
const emptyMap = v.nullish(v.record(v.string(), v.unknown()));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const platform = v.looseObject({ architecture: v.string(), os: v.string(), variant: text });

const descriptor = v.looseObject({
  mediaType: v.nullish(v.string(), ''),
  digest,
  size: count,
  annotations: textMap,
  platform: v.nullish(platform),
});

const manifest = v.looseObject({
  mediaType: text,
  config: descriptor,
  layers: v.pipe(v.array(descriptor), v.maxLength(1024)),
});

const index = v.looseObject({
  mediaType: text,
  manifests: v.pipe(v.array(descriptor), v.maxLength(10_000)),
});

const runConfig = v.looseObject({
  User: text,
  ExposedPorts: emptyMap,
  Env: texts,
  Entrypoint: texts,
  Cmd: texts,
  Volumes: emptyMap,
  WorkingDir: text,
  Labels: textMap,
  StopSignal: text,
  StopTimeout: v.nullish(v.number()),
  ArgsEscaped: v.nullish(v.boolean()),
  OnBuild: texts,
  Shell: texts,
  Healthcheck: v.nullish(HealthcheckSchema),
});

const history = v.looseObject({
  created: text,
  created_by: text,
  author: text,
  comment: text,
  empty_layer: v.nullish(v.boolean()),
});

const imageConfig = v.looseObject({
  architecture: v.nullish(v.string(), ''),
  os: v.nullish(v.string(), ''),
  variant: text,
  created: text,
  author: text,
  comment: text,
  docker_version: text,
  config: v.nullish(runConfig),
  rootfs: v.looseObject({
    type: v.string(),
    diff_ids: v.pipe(v.nullish(v.array(digest), []), v.maxLength(1024)),
  }),
  history: v.nullish(v.array(history)),
});

/** Content descriptor: points at a blob (OCI image specification, descriptor.md). */
export type OciDescriptor = v.InferOutput<typeof descriptor>;
export type OciPlatform = v.InferOutput<typeof platform>;
export type OciManifest = v.InferOutput<typeof manifest>;
export type OciIndex = v.InferOutput<typeof index>;
/** Config of an image (OCI image specification, config.md), with Docker's additions. Unknown fields are kept. */
export type OciImageConfig = v.InferOutput<typeof imageConfig>;
/** The part of an image's config that containers start from. */
export type OciRunConfig = v.InferOutput<typeof runConfig>;
export type OciHistory = v.InferOutput<typeof history>;

/** Each throws InvalidArgument that names the document (`what`) and the first thing wrong with it. */
export const parseManifest = (bytes: Buffer, what: string): OciManifest => parse(manifest, bytes, what);
export const parseIndex = (bytes: Buffer, what: string): OciIndex => parse(index, bytes, what);
export const parseImageConfig = (bytes: Buffer, what: string): OciImageConfig =>
  parse(imageConfig, bytes, what);

/** Reads a JSON document of a given shape. Throws InvalidArgument as above. */
export function parse<S extends v.GenericSchema>(schema: S, bytes: Buffer, what: string): v.InferOutput<S> {
  if (bytes.length > MAX_DOCUMENT) throw new InvalidArgument(`${what} is larger than 4 MiB`);
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new InvalidArgument(`${what} is not JSON`, { cause });
  }
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new InvalidArgument(`${what} is malformed: ${v.getDotPath(issue) ?? 'document'}: ${issue.message}`);
}
