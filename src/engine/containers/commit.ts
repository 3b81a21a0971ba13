import { Conflict, type ContainerConfig, familiarReference, type ImageReference } from '../../api/index.ts';
import { type Digest, diffLayers, type OciRunConfig } from '../../layers/index.ts';
import { applyChanges } from '../images/changes.ts';
import type { Container } from './container.ts';
import { layersOf, whileThere } from './files.ts';
import { freeze } from './freeze.ts';
import { mergeConfig } from './merge.ts';
import type { ContainerParts } from './parts.ts';

/** How a container becomes an image. */
export interface CommitOptions {
  readonly reference: ImageReference | undefined;
  readonly comment: string;
  readonly author: string;
  /** Whether to freeze a running container meanwhile. */
  readonly pause: boolean;
  /** Instructions for the config: see `applyChanges`. */
  readonly changes: readonly string[];
  /** A config that wins over the container's. */
  readonly config: ContainerConfig | undefined;
}

/** Makes an image of a container: its image's layers and its own on top. Throws Conflict, InvalidArgument. */
export async function commit(
  parts: ContainerParts,
  container: Container,
  options: CommitOptions,
): Promise<Digest> {
  const { record } = container;
  if (container.removing)
    throw new Conflict(`You cannot commit container ${container.id} which is being removed`);
  const config = configOf(record.config, options);
  const id = await whileThere(parts, container, () =>
    parts.images.commit(frozen(parts, container, options.pause), {
      parent: record.imageId as Digest,
      container: container.id,
      config,
      createdBy: (record.config.Cmd ?? []).join(' '),
      comment: options.comment,
      author: options.author,
      reference: options.reference,
    }),
  );
  parts.publish(container, 'commit', {
    comment: options.comment,
    imageID: id,
    imageRef: options.reference === undefined ? '' : familiarReference(options.reference),
  });
  return id;
}

/** The writable layer as an archive; the container is frozen while it is read. */
async function* frozen(
  parts: ContainerParts,
  container: Container,
  still: boolean,
): AsyncGenerator<Uint8Array> {
  await using _frozen = await freeze(parts, still ? [container] : []);
  const { content } = await diffLayers(layersOf(parts, container));
  yield* content as AsyncIterable<Buffer>;
}

/** The image's config: the container's, under that of the request, with its instructions applied. */
function configOf(own: ContainerConfig, { config, changes }: CommitOptions): OciRunConfig {
  // Command and entry point come from the container only where no instruction takes their place: see `mergeConfig`.
  const base = config ?? { ...own, Cmd: null, Entrypoint: null };
  const changed = { ...base, ...applyChanges(base, changes) } as ContainerConfig;
  const merged = mergeConfig(changed, own);
  const kept = {
    User: merged.User,
    ExposedPorts: merged.ExposedPorts,
    Env: merged.Env,
    Entrypoint: merged.Entrypoint,
    Cmd: merged.Cmd,
    Volumes: merged.Volumes,
    WorkingDir: merged.WorkingDir,
    Labels: merged.Labels,
    StopSignal: merged.StopSignal,
    StopTimeout: merged.StopTimeout,
    ArgsEscaped: merged.ArgsEscaped || undefined,
    OnBuild: merged.OnBuild,
    Shell: merged.Shell,
    Healthcheck: merged.Healthcheck,
  };
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
