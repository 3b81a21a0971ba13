import * as v from 'valibot';
import { parseReference, withDefaultTag } from '../../../api/index.ts';
import { layerMediaType, MAX_DOCUMENT, parse } from '../../../layers/index.ts';
import type { ImageSource, LayerSource } from '../install.ts';
import type { ImageArchive } from './archive.ts';

/** The file that lists the images of an archive made by `docker save`. */
export const DOCKER_MANIFEST = 'manifest.json';

const schema = v.array(
  v.looseObject({
    Config: v.string(),
    RepoTags: v.nullish(v.array(v.string()), []),
    Layers: v.pipe(v.nullish(v.array(v.string()), []), v.maxLength(1024)),
  }),
);

/** The images of an archive as `docker save` writes it (image specification v1.2). Throws InvalidArgument. */
export async function* readDockerArchive(archive: ImageArchive): AsyncGenerator<ImageSource> {
  const list = parse(schema, await archive.read(DOCKER_MANIFEST, MAX_DOCUMENT), DOCKER_MANIFEST);
  for (const { Config, RepoTags, Layers } of list) {
    const layers: LayerSource[] = [];
    for (const name of Layers) {
      const blob = fileOf(archive, name);
      layers.push(archive.layer(blob, await layerMediaType(blob.path)));
    }
    fileOf(archive, Config);
    yield {
      config: await archive.read(Config, MAX_DOCUMENT),
      layers,
      names: RepoTags.map((tag) => withDefaultTag(parseReference(tag))),
    };
  }
}

/** A file whose name may be that of a blob, and then must be true. */
function fileOf(archive: ImageArchive, name: string) {
  const [, hex] = /^(?:\.\/)?blobs\/sha256\/([0-9a-f]{64})$/.exec(name) ?? [];
  return hex === undefined ? archive.file(name) : archive.blob(`sha256:${hex}`);
}
