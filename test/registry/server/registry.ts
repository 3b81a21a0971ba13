import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request as send } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Content } from '../../../src/registry/server/content/index.ts';
import { parseConfig, RegistryServer, type RegistrySettings } from '../../../src/registry/server/index.ts';

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Throws SyntaxError when the body is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into answers of every shape
  json(): any;
  /** The code of the first error. */
  readonly code: string | undefined;
}

export interface CallOptions {
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

/** One HTTP request, sent as it is. */
export function call(url: string, method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const { body, headers = {} } = options;
  return new Promise((resolve, reject) => {
    const sent = send({ hostname, port, method, path, headers, agent: false }, async (response) => {
      try {
        const received = await buffer(response);
        const json = () => JSON.parse(received.toString());
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: received,
          json,
          get code() {
            return json().errors?.[0]?.code;
          },
        });
      } catch (error) {
        reject(error);
      }
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** A registry in this process, on a port and in a folder of its own. */
export class TestRegistry implements AsyncDisposable {
  readonly root: string;
  readonly logged: string[] = [];
  readonly #settings: RegistrySettings;
  readonly #server: RegistryServer;

  private constructor(root: string, settings: RegistrySettings, server: RegistryServer, logged: string[]) {
    this.root = root;
    this.#settings = settings;
    this.#server = server;
    this.logged = logged;
  }

  /** `root` is that of a registry that has ended, to go on with. */
  static async start(settings: RegistrySettings = {}, root?: string): Promise<TestRegistry> {
    const folder = root ?? mkdtempSync(join(tmpdir(), 'berth-registry-'));
    const logged: string[] = [];
    const config = parseConfig({ listen: ['127.0.0.1:0'], ...settings, root: folder });
    try {
      const server = await RegistryServer.start(config, (level, message) =>
        logged.push(`${level} ${message}`),
      );
      return new TestRegistry(folder, settings, server, logged);
    } catch (error) {
      if (root === undefined) rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get url(): string {
    return this.#server.urls[0]!;
  }

  /** `127.0.0.1:40123` */
  get host(): string {
    return new URL(this.url).host;
  }

  /** What it holds, for tests that look behind HTTP. */
  get content(): Content {
    return this.#server.content;
  }

  call(method: string, path: string, options?: CallOptions): Promise<Answer> {
    return call(this.url, method, path, options);
  }

  /** Ends and starts again on the same folder; this object is of no more use. */
  async restart(): Promise<TestRegistry> {
    await this.#server.stop();
    return await TestRegistry.start(this.#settings, this.root);
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
    rmSync(this.root, { recursive: true, force: true });
  }
}

export function digestOf(bytes: string | Buffer, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** Some bytes that no other call gives. */
export function someBytes(size = 1000): Buffer {
  return randomBytes(size);
}

export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX = 'application/vnd.oci.image.index.v1+json';

/** Pushes a blob in one request. */
export async function pushBlob(at: TestRegistry, name: string, bytes: Buffer, headers = {}): Promise<string> {
  const digest = digestOf(bytes);
  const answer = await at.call('POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, {
    body: bytes,
    headers,
  });
  if (answer.status !== 201) throw new Error(`push of a blob: ${answer.status} ${answer.body}`);
  return digest;
}

export interface PushedImage {
  readonly digest: string;
  readonly bytes: Buffer;
  readonly config: string;
  readonly layer: string;
}

/** Pushes a config, a layer and a manifest with `extra` fields, under a tag or its digest. */
export async function pushImage(
  at: TestRegistry,
  name: string,
  tag?: string,
  extra: object = {},
  headers: OutgoingHttpHeaders = {},
): Promise<PushedImage> {
  const blobs = [Buffer.from(`{"made":"${randomBytes(8).toString('hex')}"}`), someBytes()];
  const [config, layer] = [
    await pushBlob(at, name, blobs[0]!, headers),
    await pushBlob(at, name, blobs[1]!, headers),
  ];
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config, size: blobs[0]!.length },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: layer, size: blobs[1]!.length }],
    ...extra,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const digest = digestOf(bytes);
  const answer = await putManifest(at, name, tag ?? digest, bytes, MANIFEST, headers);
  if (answer.status !== 201) throw new Error(`push of a manifest: ${answer.status} ${answer.body}`);
  return { digest, bytes, config, layer };
}

export function putManifest(
  at: TestRegistry,
  name: string,
  reference: string,
  bytes: Buffer | string,
  type = MANIFEST,
  headers: OutgoingHttpHeaders = {},
): Promise<Answer> {
  const all = { 'Content-Type': type, ...headers };
  return at.call('PUT', `/v2/${name}/manifests/${reference}`, { body: bytes, headers: all });
}
