import { closeSync, constants, fstatSync, openSync, readdirSync } from 'node:fs';
import { InvalidArgument } from '../../../api/index.ts';
import { copyAttributes, copyFolder, mountRootfs, unmountRootfs } from '../../../layers/index.ts';
import { openInRoot } from '../../../linux/index.ts';
import type { Container } from '../container.ts';
import type { ContainerParts } from '../parts.ts';
import type { MountPoint } from './point.ts';

const O_PATH = 0o10000000;

/**
 * Fills the empty volumes of a new container with what its image has where they are mounted, owners, modes, attributes and
 * links included. Throws InvalidArgument where the image has something else than a folder, Internal.
 */
export async function copyUp(parts: ContainerParts, container: Container): Promise<void> {
  const { record, files } = container;
  const points = pointsToFill(parts, container, 'lasting');
  if (points.length === 0) return;
  const { layers } = parts.images.get(record.imageId);
  mountRootfs({ lowers: layers, upper: files.upper, work: files.work, target: files.rootfs });
  try {
    for (const point of points) await copyOne(parts, files.rootfs, point);
  } finally {
    unmountRootfs(files.rootfs);
  }
}

/**
 * The same for volumes in memory, which are empty whenever the first container that has them starts. Its layers must be
 * mounted, and its volumes in use.
 */
export async function copyUpIntoMemory(parts: ContainerParts, container: Container): Promise<void> {
  for (const point of pointsToFill(parts, container, 'memory')) {
    await copyOne(parts, container.files.rootfs, point);
  }
}

function pointsToFill(
  parts: ContainerParts,
  { record }: Container,
  kind: 'lasting' | 'memory',
): MountPoint[] {
  return record.mounts.filter(
    ({ volume }) =>
      volume?.copyUp &&
      volume.subpath === '' &&
      parts.volumes.isInMemory(volume.name) === (kind === 'memory'),
  );
}

async function copyOne(parts: ContainerParts, rootfs: string, { target, volume }: MountPoint): Promise<void> {
  const found = look(rootfs, target);
  if (found === 'nothing') return;
  if (found === 'file') {
    throw new InvalidArgument(
      `cannot mount volume over existing file, file exists ${target}: the image has something else than a folder there`,
    );
  }
  await parts.volumes.fillIfEmpty(volume!.name, async (folder) => {
    if (found === 'folder') await copyFolder(rootfs, target, folder);
    else copyEmpty(rootfs, target, folder);
  });
}

/** What a container would find at a path. */
function look(rootfs: string, path: string): 'nothing' | 'file' | 'folder' | 'empty folder' {
  return within(rootfs, path, (opened) => {
    if (opened === undefined) return 'nothing';
    if (!fstatSync(opened).isDirectory()) return 'file';
    return readdirSync(`/proc/self/fd/${opened}`).length === 0 ? 'empty folder' : 'folder';
  });
}

/** Most images have an empty folder there: a thread of its own would be too much for it. */
function copyEmpty(rootfs: string, path: string, folder: string): void {
  within(rootfs, path, (opened) => copyAttributes(`/proc/self/fd/${opened}/.`, folder));
}

function within<T>(rootfs: string, path: string, body: (opened: number | undefined) => T): T {
  const root = openSync(rootfs, O_PATH | constants.O_DIRECTORY);
  let opened: number | undefined;
  try {
    opened = openQuietly(root, path);
    return body(opened);
  } finally {
    if (opened !== undefined) closeSync(opened);
    closeSync(root);
  }
}

function openQuietly(root: number, path: string): number | undefined {
  try {
    return openInRoot(root, path, O_PATH);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes((error as { code?: string }).code ?? '')) return undefined;
    throw error;
  }
}
