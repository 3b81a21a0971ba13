import type { Readable } from 'node:stream';
import { Forbidden, NotFound } from '../../api/index.ts';
import {
  extractIntoView,
  type FileView,
  type PathStat,
  readFromView,
  statInView,
} from '../../layers/index.ts';
import { resolveUser } from '../../runtime/index.ts';
import type { Container } from './container.ts';
import { withFiles } from './files.ts';
import type { ContainerParts } from './parts.ts';

/** A path in a container. `asked` is what the client calls the container. */
export interface ContainerPath {
  readonly container: Container;
  readonly asked: string;
  readonly path: string;
}

/** How an archive is to be unpacked in a container. */
export interface PutArchiveOptions {
  /** Refuse to put a folder in the place of something else, and the other way round. */
  readonly noOverwriteDirNonDir: boolean;
  /** Give everything to the container's user, if it has one, instead of the owners that the archive names. */
  readonly copyUIDGID: boolean;
}

/** What is at a path, links not followed. Throws NotFound. */
export async function statPath(parts: ContainerParts, place: ContainerPath): Promise<PathStat> {
  const stat = await named(place, () =>
    withFiles(parts, place.container, async (view) => {
      const found = await statInView(view, place.path);
      return { found, ended: Promise.resolve() };
    }),
  );
  return stat.found;
}

/** What is at a path as a tar archive, links not followed. Destroying the stream ends the work. Throws NotFound. */
export async function getArchive(
  parts: ContainerParts,
  place: ContainerPath,
): Promise<{ stat: PathStat; content: Readable }> {
  const { stat, content } = await named(place, () =>
    withFiles(parts, place.container, (view) => readFromView(view, place.path)),
  );
  parts.publish(place.container, 'archive-path');
  return { stat: stat!, content };
}

/** Unpacks a tar archive in a folder. Throws NotFound, InvalidArgument, Forbidden (read-only root file system). */
export async function putArchive(
  parts: ContainerParts,
  place: ContainerPath,
  archive: Readable,
  options: PutArchiveOptions,
): Promise<void> {
  const { container, path } = place;
  if (container.record.hostConfig.ReadonlyRootfs) throw new Forbidden('container rootfs is marked read-only');
  await named(place, async () => {
    const { done } = await withFiles(parts, container, (view) =>
      extractIntoView(view, path, archive, {
        keepKinds: options.noOverwriteDirNonDir,
        owner: options.copyUIDGID ? userOf(container, view) : undefined,
      }),
    );
    await done;
  });
  parts.publish(container, 'extract-to-dir');
}

function userOf({ record }: Container, { rootfs }: FileView): { uid: number; gid: number } | undefined {
  if (record.config.User === '') return undefined;
  return resolveUser(rootfs, record.config.User, []).ids;
}

/** Says of what is missing where it is missing, in Docker's words. */
async function named<T>({ asked, path }: ContainerPath, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    throw new NotFound(`Could not find the file ${path} in container ${asked}`, { cause: error });
  }
}
