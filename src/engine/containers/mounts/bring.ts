import { closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs';
import { InvalidArgument, messageOf } from '../../../api/index.ts';
import { mountRootfs } from '../../../layers/index.ts';
import { MS_BIND, MS_REC, mount, openBeneath } from '../../../linux/index.ts';
import { type OciSpec, SCRATCH } from '../../../runtime/index.ts';
import type { Container } from '../container.ts';
import type { ContainerParts } from '../parts.ts';
import { requireSource } from './plan.ts';
import { byDepth, type MountPoint, volumesOf } from './point.ts';

const O_PATH = 0o10000000;

type OciMount = OciSpec['mounts'][number];

/**
 * Makes everything available that a container mounts, and gives its mounts as the runtime takes them, parents before children.
 * What is not the host's own lies in the bundle and goes with it; volumes are given back by `giveBackVolumes`, also when this
 * fails. Throws InvalidArgument, NotFound, Internal.
 */
export async function bringMounts(parts: ContainerParts, container: Container): Promise<OciMount[]> {
  const mounts: OciMount[] = [];
  for (const [index, point] of byDepth(container.record.mounts).entries()) {
    mounts.push(ociMount(point, await sourceOf(parts, container, point, index)));
  }
  return mounts;
}

/** Gives the volumes of a container back. */
export async function giveBackVolumes(parts: ContainerParts, { id, record }: Container): Promise<void> {
  for (const name of volumesOf(record.mounts)) await parts.volumes.unmount(name, id);
}

/** Tells the world that a container has begun to use its volumes. */
export function publishMounts(parts: ContainerParts, { id, record }: Container): void {
  for (const { volume, target, readonly, propagation } of record.mounts) {
    if (volume === undefined) continue;
    parts.volumes.publishUse(volume.name, 'mount', {
      container: id,
      destination: target,
      'read/write': String(!readonly),
      propagation,
    });
  }
}

/** Tells the world that a container uses its volumes no more. */
export function publishUnmounts(parts: ContainerParts, { id, record }: Container): void {
  for (const { volume } of record.mounts) {
    if (volume !== undefined) parts.volumes.publishUse(volume.name, 'unmount', { container: id });
  }
}

/** The path on the host of what is to be mounted. */
async function sourceOf(
  parts: ContainerParts,
  container: Container,
  point: MountPoint,
  index: number,
): Promise<string> {
  const { type, source, volume, image } = point;
  if (type === 'tmpfs') return 'tmpfs';
  if (volume !== undefined) {
    const folder = await parts.volumes.mount(volume.name, container.id);
    return volume.subpath === '' ? folder : bindSubpath(container, folder, volume.subpath, index);
  }
  if (image !== undefined) {
    const folder = container.bundle.mountPlace(imagePlace(index));
    mountImage(parts, image.id, folder);
    return image.subpath === '' ? folder : bindSubpath(container, folder, image.subpath, index);
  }
  if (statSync(source, { throwIfNoEntry: false }) === undefined) {
    requireSource(point);
    mkdirSync(source, { recursive: true, mode: 0o755 });
  }
  return source;
}

/** The place in the bundle of an image that is the mount of that number, parents first. */
export function imagePlace(index: number): string {
  return `${index}-image`;
}

/** Mounts the layers of an image, read-only. Undo it with `unmountRootfs`. */
export function mountImage(parts: ContainerParts, id: string, target: string): void {
  const { layers } = parts.images.get(id);
  // overlayfs wants a writable layer too, which stays empty under a mount that is read-only.
  const [upper, work] = ['upper', 'work'].map((name) => `${target}${SCRATCH}${name}`);
  for (const folder of [upper!, work!]) mkdirSync(folder, { mode: 0o755 });
  mountRootfs({ lowers: layers, upper: upper!, work: work!, target, readonly: true });
}

/**
 * Binds a path in a folder to a place of the engine's own, so that the runtime, which goes by paths, has one that leads where
 * it was opened: the container that fills the folder may put a link there in the next moment.
 */
function bindSubpath(container: Container, folder: string, subpath: string, index: number): string {
  const root = openSync(folder, O_PATH | constants.O_DIRECTORY);
  try {
    const found = openBeneath(root, subpath, O_PATH);
    try {
      const opened = `/proc/self/fd/${found}`;
      const place = container.bundle.mountPlace(`${index}`, statSync(opened).isDirectory());
      mount(opened, place, null, MS_BIND | MS_REC);
      return place;
    } finally {
      closeSync(found);
    }
  } catch (error) {
    const code = (error as { code?: string }).code;
    const why =
      code === 'ENOENT' || code === 'ENOTDIR'
        ? 'no such file or directory'
        : code === 'EXDEV' || code === 'ELOOP'
          ? 'path escapes from base'
          : messageOf(error);
    throw new InvalidArgument(`failed to access subpath "${subpath}" of ${folder}: ${why}`, { cause: error });
  } finally {
    closeSync(root);
  }
}

function ociMount(point: MountPoint, source: string): OciMount {
  const { type, target: destination, readonly, propagation, bind } = point;
  if (type === 'tmpfs') {
    const options = ['nosuid', 'nodev', ...(readonly ? ['ro'] : []), ...point.options];
    return { destination, type, source, options };
  }
  const flat = bind?.flat ?? false;
  // A read-only mount is read-only with everything that is mounted below it, as dockerd has it since version 25.
  const below = flat || bind?.below === 'writable' ? [] : ['rro'];
  // For crun a recursive propagation makes the bind recursive too.
  const spread = flat ? propagation.replace(/^r/, '') : propagation || 'rprivate';
  return {
    destination,
    type: 'bind',
    source,
    options: [flat ? 'bind' : 'rbind', spread, ...(readonly ? [...below, 'ro'] : [])],
  };
}
