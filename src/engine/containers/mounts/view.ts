import { mkdirSync } from 'node:fs';
import type { FileView } from '../../../layers/index.ts';
import type { Container } from '../container.ts';
import type { ContainerParts } from '../parts.ts';
import { imagePlace, mountImage } from './bring.ts';
import { byDepth, type MountPoint } from './point.ts';

type Mounts = NonNullable<FileView['mounts']>;

/**
 * What a container mounts, for work on its files, parents before children; memory is left out. A running container has all of
 * it; for any other it is made available until `undo` is disposed of. Throws what `VolumeService.mount` throws.
 */
export async function filesOf(
  parts: ContainerParts,
  container: Container,
  undo?: AsyncDisposableStack,
): Promise<Mounts> {
  const mounts: Array<Mounts[number]> = [];
  for (const [index, point] of byDepth(container.record.mounts).entries()) {
    if (point.type === 'tmpfs') continue;
    const source = await sourceOf(parts, container, point, index, undo);
    const subpath = (point.volume ?? point.image)?.subpath || undefined;
    mounts.push({ source, target: point.target, readonly: point.readonly, subpath });
  }
  return mounts;
}

async function sourceOf(
  parts: ContainerParts,
  { bundle }: Container,
  { source, volume, image }: MountPoint,
  index: number,
  undo: AsyncDisposableStack | undefined,
): Promise<string> {
  if (volume !== undefined) {
    const holder = Symbol('files');
    if (undo === undefined) return parts.volumes.pathOf(volume.name);
    const folder = await parts.volumes.mount(volume.name, holder);
    undo.defer(() => parts.volumes.unmount(volume.name, holder));
    return folder;
  }
  if (image === undefined) return source;
  if (undo === undefined) return bundle.placeOf(imagePlace(index));
  // As for a start: what is left of it when the engine dies, the next one takes away.
  mkdirSync(bundle.folder, { recursive: true, mode: 0o700 });
  undo.defer(() => bundle.remove());
  const place = bundle.mountPlace(imagePlace(index));
  mountImage(parts, image.id, place);
  return place;
}
