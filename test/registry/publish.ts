import assert from 'node:assert/strict';
import { type Digest, digestOf, MEDIA_TYPES } from '../../src/layers/index.ts';
import type { ImageSpec } from '../engine/images/fixtures.ts';

/** Puts images into a registry with nothing but fetch, as a peer that shares no code with what is tested. */
export class Publisher {
  readonly #url: string;
  readonly #headers: Record<string, string>;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.#url = url;
    this.#headers = headers;
  }

  /** Uploads an image's blobs and its manifest under a tag. Hands back the manifest's descriptor. */
  async image(repository: string, tag: string, spec: ImageSpec, kind: 'oci' | 'docker' = 'oci') {
    const config = await this.blob(repository, spec.config);
    const layers: { digest: Digest; size: number }[] = [];
    for (const { blob } of spec.layers) layers.push(await this.blob(repository, blob));
    const types =
      kind === 'oci'
        ? { manifest: MEDIA_TYPES.manifest, config: MEDIA_TYPES.config, layer: layerType }
        : {
            manifest: MEDIA_TYPES.dockerManifest,
            config: MEDIA_TYPES.dockerConfig,
            layer: () => 'application/vnd.docker.image.rootfs.diff.tar.gzip',
          };
    const manifest = {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: { mediaType: types.config, ...config },
      layers: layers.map((layer, index) => ({ mediaType: types.layer(spec.layers[index]!.blob), ...layer })),
    };
    return this.manifest(repository, tag, types.manifest, manifest);
  }

  /** Uploads an index of several platforms. */
  async index(
    repository: string,
    tag: string,
    entries: readonly { mediaType: string; digest: Digest; size: number; platform?: object }[],
    mediaType: string = MEDIA_TYPES.index,
  ) {
    return this.manifest(repository, tag, mediaType, { schemaVersion: 2, mediaType, manifests: entries });
  }

  async manifest(repository: string, tag: string, mediaType: string, document: object) {
    const bytes = Buffer.from(JSON.stringify(document, undefined, 1));
    const answer = await fetch(`${this.#url}/v2/${repository}/manifests/${tag}`, {
      method: 'PUT',
      headers: { ...this.#headers, 'Content-Type': mediaType },
      body: bytes,
    });
    assert.equal(answer.status, 201, await answer.text());
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  }

  async blob(repository: string, bytes: Buffer) {
    const digest = digestOf(bytes);
    const begun = await fetch(`${this.#url}/v2/${repository}/blobs/uploads/`, {
      method: 'POST',
      headers: this.#headers,
    });
    assert.equal(begun.status, 202, await begun.text());
    const target = new URL(begun.headers.get('location')!, this.#url);
    target.searchParams.set('digest', digest);
    const answer = await fetch(target, {
      method: 'PUT',
      headers: { ...this.#headers, 'Content-Type': 'application/octet-stream' },
      body: new Uint8Array(bytes),
    });
    assert.equal(answer.status, 201, await answer.text());
    return { digest, size: bytes.length };
  }
}

function layerType(blob: Buffer): string {
  if (blob[0] === 0x1f) return `${MEDIA_TYPES.layer}+gzip`;
  return blob[0] === 0x28 ? `${MEDIA_TYPES.layer}+zstd` : MEDIA_TYPES.layer;
}
