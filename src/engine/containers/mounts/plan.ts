import { statSync } from 'node:fs';
import { type ContainerConfig, type HostConfig, InvalidArgument } from '../../../api/index.ts';
import type { ContainerParts } from '../parts.ts';
import { refusing } from '../refusing.ts';
import { parseMountRequest } from './parse-request.ts';
import { parseVolume } from './parse-volume.ts';
import { type MountPoint, normalise } from './point.ts';
import type { WantedMount } from './wanted.ts';

/**
 * The mounts of a new container, before anything is made for them, by Docker's rules: what is mounted at a path in the
 * containers of `--volumes-from`, in their order, over that what `--volume` and `--mount` ask for, and a volume without a name
 * for each path in the config's Volumes at which there is nothing yet. Throws InvalidArgument.
 */
export function planMounts(parts: ContainerParts, config: ContainerConfig, host: HostConfig): WantedMount[] {
  const wanted = new Map<string, WantedMount>();
  for (const text of host.VolumesFrom) {
    for (const point of mountsFrom(parts, text)) wanted.set(point.target, { point });
  }
  const tmpfs = new Set(Object.keys(host.Tmpfs).map(normalise));
  const own = new Set(tmpfs);
  const asked = [
    ...host.Binds.map((text) => parseVolume(text, host.VolumeDriver)),
    ...host.Mounts.map((request) => withImage(parts, parseMountRequest(request))),
  ];
  for (const mount of asked) {
    const { target } = mount.point;
    if (own.has(target)) throw new InvalidArgument(`Duplicate mount point: ${target}`);
    own.add(target);
    requireSource(mount.point);
    wanted.set(target, withMode(mount));
  }
  for (const path of Object.keys(config.Volumes)) {
    const mount = parseVolume(path, host.VolumeDriver);
    if (!wanted.has(mount.point.target) && !tmpfs.has(mount.point.target))
      wanted.set(mount.point.target, mount);
  }
  return [...wanted.values()].filter(({ point }) => !tmpfs.has(point.target));
}

/** A value of `--volumes-from`: `container[:mode]`. */
function mountsFrom(parts: ContainerParts, text: string): MountPoint[] {
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const mode = colon < 0 ? 'rw' : text.slice(colon + 1);
  if (name === '') throw new InvalidArgument(`malformed volumes-from specification: ${text}`);
  if (!/^(ro|rw|z|Z)(,(ro|rw|z|Z))*$/.test(mode)) throw new InvalidArgument(`invalid mode: ${mode}`);
  const readonly = mode.split(',').includes('ro');
  const { record } = refusing(() => parts.store.get(name));
  return record.mounts.map((point) => ({
    ...point,
    readonly: point.readonly || readonly,
    mode: '',
    // Its first container has filled it.
    ...(point.volume && { volume: { ...point.volume, copyUp: false } }),
  }));
}

function withImage(parts: ContainerParts, mount: WantedMount): WantedMount {
  const { image, source } = mount.point;
  if (image === undefined) return mount;
  return { point: { ...mount.point, image: { ...image, id: refusing(() => parts.images.get(source)).id } } };
}

/** Throws InvalidArgument for a bind of something that is neither there nor to be made. */
export function requireSource({ source, bind }: MountPoint): void {
  if (bind === undefined || bind.createSource || statSync(source, { throwIfNoEntry: false })) return;
  throw new InvalidArgument(
    `invalid mount config for type "bind": bind source path does not exist: ${source}`,
  );
}

/** Docker's word for a volume that is told nothing. */
function withMode(mount: WantedMount): WantedMount {
  const { point } = mount;
  return point.type === 'volume' ? { ...mount, point: { ...point, mode: point.mode || 'z' } } : mount;
}

/** The mounts with the volumes made or found; `made` has the names of those that were not there. Throws as `ensure`. */
export function makeVolumes(
  parts: ContainerParts,
  wanted: readonly WantedMount[],
  made: string[],
): MountPoint[] {
  return wanted.map(({ point, wish }) => {
    if (wish === undefined || point.volume === undefined) return point;
    const { volume, made: isNew } = refusing(() => parts.volumes.ensure(wish, 'making'));
    if (isNew) made.push(volume.name);
    return {
      ...point,
      source: volume.files.data,
      volume: { ...point.volume, name: volume.name },
    };
  });
}
