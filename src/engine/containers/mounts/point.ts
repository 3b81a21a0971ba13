/** Something of the host, of a volume or an image, or memory, that appears in a container's file system. */
export interface MountPoint {
  readonly type: 'bind' | 'volume' | 'tmpfs' | 'image';
  /** A path on the host, or an image as the user named it; empty for tmpfs. */
  readonly source: string;
  /** Absolute, without a slash at its end. */
  readonly target: string;
  readonly readonly: boolean;
  /** The words after the last colon of `--volume`, as `inspect` shows them. */
  readonly mode: string;
  /** Of a bind; else empty. */
  readonly propagation: string;
  /** Mount options of a tmpfs. */
  readonly options: readonly string[];
  readonly bind?: BindPart | undefined;
  readonly volume?: VolumePart | undefined;
  readonly image?: ImagePart | undefined;
}

export interface BindPart {
  /** Whether a source that is not there is made, as a folder. */
  readonly createSource: boolean;
  /** Whether what is mounted below the source stays out. */
  readonly flat: boolean;
  /** What a read-only mount means for what is mounted below it: read-only where the kernel can, not at all, or else no start. */
  readonly below: 'readonly' | 'writable' | 'must-be-readonly';
}

export interface VolumePart {
  readonly name: string;
  /** Whether it goes with the container when that is removed with `-v`. */
  readonly anonymous: boolean;
  /** A path in the volume, of which alone the container sees anything. */
  readonly subpath: string;
  /** Whether what the image has at the target is copied into it if it is empty. */
  readonly copyUp: boolean;
}

export interface ImagePart {
  /** Digest of its config. */
  readonly id: string;
  readonly subpath: string;
}

/** A mount as `inspect` and lists show it. */
export function mountView({ type, source, target, mode, readonly, propagation, volume }: MountPoint) {
  return {
    Type: type,
    ...(volume && { Name: volume.name }),
    Source: source,
    Destination: target,
    ...(volume && { Driver: 'local' }),
    Mode: mode,
    RW: !readonly,
    Propagation: propagation,
  };
}

/** The names of the volumes among mounts, each once. */
export function volumesOf(points: readonly MountPoint[]): string[] {
  return [...new Set(points.flatMap(({ volume }) => volume?.name ?? []))];
}

/** Parents before children. */
export function byDepth(points: readonly MountPoint[]): MountPoint[] {
  const depth = ({ target }: MountPoint) => target.split('/').length;
  return points.toSorted((one, other) => depth(one) - depth(other));
}

/** A path as the kernel would read it, but for links: no slash at its end, no empty part, no `.` and no `..`. */
export function normalise(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
