import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { InvalidArgument, messageOf, parseDuration } from '../../../api/index.ts';

/** The most bytes that a configuration file may have. */
const LARGEST_FILE = 1 << 20;

const text = v.pipe(v.string(), v.minLength(1));
const path = v.pipe(text, v.startsWith('/', 'an absolute path is expected'));
const url = v.pipe(text, v.url('a URL is expected'), v.regex(/^https?:/, 'an http or https URL is expected'));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** A duration such as `1h30m`, in milliseconds. */
const duration = v.pipe(
  v.string(),
  v.check((it) => (parseDuration(it) ?? -1n) >= 0n, 'a duration such as 1h30m is expected'),
  v.transform((it) => Number(parseDuration(it)! / 1_000_000n)),
);

const address = v.pipe(
  v.string(),
  v.regex(/^(?:[^:\s]*|\[[0-9a-fA-F:.]+\]):\d{1,5}$/, 'ADDRESS:PORT is expected'),
);

const rule = v.strictObject({
  /** Patterns: `*` stands for any text without a slash, `**` for any text. */
  repositories: v.pipe(v.array(text), v.minLength(1)),
  /** Names; `*` is everybody who has signed in, `@anyone` everybody. */
  users: v.pipe(v.array(text), v.minLength(1)),
  actions: v.pipe(v.array(v.picklist(['pull', 'push', 'delete'])), v.minLength(1)),
});

const s3 = v.strictObject({
  bucket: text,
  region: v.optional(text, 'us-east-1'),
  /** Of a service other than Amazon's. */
  endpoint: v.optional(url),
  /** Keys begin with it. */
  prefix: v.optional(
    v.pipe(v.string(), v.regex(/^(?:[\w.-]+\/)*[\w.-]*$/, 'a path without a slash at its ends is expected')),
    '',
  ),
  pathStyle: v.optional(v.boolean()),
  /** Without them the usual variables, files and services of AWS are asked. */
  accessKeyId: v.optional(text),
  secretAccessKey: v.optional(text),
});

const tokens = v.strictObject({
  /** The service that gives tokens; this registry itself when there is none. */
  realm: v.optional(url),
  service: v.optional(text, 'berth-registry'),
  issuer: v.optional(text, 'berth-registry'),
  /** File with the public key, certificate or JSON Web Key Set of the service. */
  keys: v.optional(path),
});

const upstream = v.strictObject({
  url,
  username: v.optional(text),
  password: v.optional(text),
});

const schema = v.strictObject({
  root: v.optional(path, '/var/lib/berth-registry'),
  listen: v.optional(v.pipe(v.array(address), v.minLength(1)), ['127.0.0.1:5000']),
  tls: v.optional(v.strictObject({ cert: path, key: path, clientCa: v.optional(path) })),
  storage: v.optional(v.strictObject({ s3 })),
  auth: v.optional(
    v.pipe(
      v.strictObject({
        htpasswd: v.optional(path),
        tokens: v.optional(tokens),
        anonymousPull: v.optional(v.boolean(), false),
        rules: v.optional(v.array(rule)),
      }),
      v.check((it) => Boolean(it.htpasswd || it.tokens?.keys), 'htpasswd, or tokens with keys, is needed'),
      v.check((it) => !it.tokens?.realm === !it.tokens?.keys, 'tokens needs realm and keys, or neither'),
    ),
  ),
  proxy: v.optional(
    v.strictObject({
      /** By the first part of the names that it is for; `""` is for all names. */
      upstreams: v.optional(v.record(v.string(), upstream), {}),
      /** Whether names that begin with a host are fetched from there. */
      anyHost: v.optional(v.boolean(), false),
      /** How long a tag is taken for current without asking. */
      freshFor: v.optional(duration, '1m'),
    }),
  ),
  gc: v.optional(
    v.strictObject({
      /** How often; `0s` is never. */
      interval: v.optional(duration, '24h'),
      /** For how long an unused blob, or one that a client was told of, is kept. */
      grace: v.optional(duration, '1h'),
      /** Whether manifests without a tag go, too. */
      untagged: v.optional(v.boolean(), false),
      /** When an upload that nobody goes on with is given up. */
      uploads: v.optional(duration, '168h'),
    }),
    {},
  ),
  limits: v.optional(
    v.strictObject({
      blobBytes: v.optional(count, 64 * 1024 ** 3),
      connections: v.optional(v.pipe(count, v.minValue(1)), 4096),
      /** Of each address; 0 is any number. */
      requestsPerSecond: v.optional(count, 0),
    }),
    {},
  ),
  accessLog: v.optional(v.boolean(), true),
  /** Whether `/` shows what is in the registry. */
  web: v.optional(v.boolean(), true),
  /** Whether `/metrics` is open to everybody. */
  metrics: v.optional(v.boolean(), true),
});

/** Everything that a registry needs to know to start. Durations are in milliseconds. */
export type RegistryConfig = v.InferOutput<typeof schema>;
/** The same as it is written in a file. */
export type RegistrySettings = v.InferInput<typeof schema>;
export type S3Config = v.InferOutput<typeof s3>;
export type AuthConfig = NonNullable<RegistryConfig['auth']>;
export type ProxyConfig = NonNullable<RegistryConfig['proxy']>;
export type UpstreamConfig = v.InferOutput<typeof upstream>;
export type AccessRule = v.InferOutput<typeof rule>;

/** Checks settings and fills in what is missing. Throws InvalidArgument that names the key; `what` is where they are from. */
export function parseConfig(settings: unknown, what = 'the registry configuration'): RegistryConfig {
  const result = v.safeParse(schema, settings);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const key = v.getDotPath(issue);
  const unknownKey = issue.type === 'strict_object' && issue.expected === 'never';
  const problem = unknownKey ? 'is not known' : issue.message;
  throw new InvalidArgument(`${what}: ${key === null ? problem : `"${key}": ${problem}`}`);
}

/** The settings of a JSON file, unchecked. Throws InvalidArgument that names the file. */
export function readSettings(file: string): Record<string, unknown> {
  try {
    const content = readFileSync(file, 'utf8');
    if (content.length > LARGEST_FILE) throw new Error(`it is larger than ${LARGEST_FILE} bytes`);
    const json: unknown = JSON.parse(content);
    if (typeof json === 'object' && json !== null && !Array.isArray(json))
      return json as Record<string, unknown>;
    throw new Error('a JSON object is expected');
  } catch (cause) {
    throw new InvalidArgument(`unable to read the registry configuration ${file}: ${messageOf(cause)}`, {
      cause,
    });
  }
}
