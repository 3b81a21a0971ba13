import { mkdirSync, statSync } from 'node:fs';
import { type HostConfig, InvalidArgument, type MountRequest, NotImplemented } from '../../api/index.ts';
import type { OciSpec } from '../../runtime/index.ts';

/** Something of the host, or memory, that appears in a container's file system. */
export interface MountPoint {
  readonly type: 'bind' | 'tmpfs';
  /** A path on the host; empty for tmpfs. */
  readonly source: string;
  readonly target: string;
  readonly readonly: boolean;
  /** The words after the last colon of `--volume`, as `inspect` shows them. */
  readonly mode: string;
  readonly propagation: string;
  /** Whether a source that is not there is made, as a folder. */
  readonly createSource: boolean;
  /** Mount options of a tmpfs. */
  readonly options: readonly string[];
}

const PROPAGATIONS = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];
/** Words of `--volume` that change nothing here: labels are SELinux's, and a bind mount is never copied into. */
const WITHOUT_EFFECT = ['rw', 'z', 'Z', 'nocopy', 'consistent', 'cached', 'delegated', 'rbind', 'bind'];

/** The mounts that the host config asks for. Throws InvalidArgument, and NotImplemented for volumes. */
export function mountPoints(host: HostConfig): MountPoint[] {
  const points = [...host.Binds.map(parseBind), ...host.Mounts.map(fromRequest)];
  const targets = [...points.map(({ target }) => target), ...Object.keys(host.Tmpfs)].map(normalise);
  const twice = targets.find((target, index) => targets.indexOf(target) !== index);
  if (twice !== undefined) throw new InvalidArgument(`Duplicate mount point: ${twice}`);
  return points;
}

/** The mounts as the runtime takes them, parents before children. Makes sources that are to be made. Throws InvalidArgument. */
export function ociMounts(points: readonly MountPoint[]): OciSpec['mounts'] {
  const depth = ({ target }: MountPoint) => normalise(target).split('/').length;
  return points.toSorted((one, other) => depth(one) - depth(other)).map(ociMount);
}

/** A mount as `inspect` and lists show it. */
export function mountView({ type, source, target, mode, readonly, propagation }: MountPoint) {
  return {
    Type: type,
    Source: source,
    Destination: target,
    Mode: mode,
    RW: !readonly,
    Propagation: propagation,
  };
}

function parseBind(text: string): MountPoint {
  const [source = '', target = '', mode = '', ...rest] = text.split(':');
  if (source === '' || target === '' || rest.length > 0) {
    throw new InvalidArgument(`invalid volume specification: '${text}'`);
  }
  if (!source.startsWith('/')) refuseVolume(source);
  requireTarget(text, target);
  const words = mode.split(',').filter(Boolean);
  const strange = words.find((word) => word !== 'ro' && ![...PROPAGATIONS, ...WITHOUT_EFFECT].includes(word));
  if (strange !== undefined) throw new InvalidArgument(`invalid mode: ${mode}`);
  return {
    type: 'bind',
    source,
    target,
    mode,
    readonly: words.includes('ro'),
    propagation: words.find((word) => PROPAGATIONS.includes(word)) ?? 'rprivate',
    createSource: true,
    options: [],
  };
}

function fromRequest(request: MountRequest): MountPoint {
  const { Type: type, Source: source, Target: target } = request;
  const invalid = (why: string) => new InvalidArgument(`invalid mount config for type "${type}": ${why}`);
  if (type === 'volume') refuseVolume(source);
  if (type !== 'bind' && type !== 'tmpfs') throw new InvalidArgument(`mount type unknown: "${type}"`);
  if (target === '') throw invalid('field Target must not be empty');
  requireTarget(target, target);
  const common = { target, readonly: request.ReadOnly, mode: '', createSource: false };
  if (type === 'tmpfs') {
    if (source !== '') throw invalid('field Source must not be specified');
    return { ...common, type, source: '', propagation: '', options: tmpfsOptions(request) };
  }
  if (!source.startsWith('/')) throw invalid(`invalid mount path: '${source}' mount path must be absolute`);
  const createSource = request.BindOptions?.CreateMountpoint ?? false;
  if (!createSource && statSync(source, { throwIfNoEntry: false }) === undefined) {
    throw invalid(`bind source path does not exist: ${source}`);
  }
  const propagation = request.BindOptions?.Propagation || 'rprivate';
  if (!PROPAGATIONS.includes(propagation)) throw invalid(`invalid propagation mode: ${propagation}`);
  const options = request.BindOptions?.NonRecursive ? ['bind'] : [];
  return { ...common, type, source, propagation, createSource, options };
}

function tmpfsOptions({ TmpfsOptions }: MountRequest): string[] {
  const { SizeBytes = 0, Mode = 0 } = TmpfsOptions ?? {};
  return [...(SizeBytes > 0 ? [`size=${SizeBytes}`] : []), ...(Mode > 0 ? [`mode=${Mode.toString(8)}`] : [])];
}

function ociMount(point: MountPoint): OciSpec['mounts'][number] {
  const { type, source, target: destination, readonly, propagation } = point;
  if (type === 'tmpfs') {
    const options = ['nosuid', 'nodev', 'noexec', ...(readonly ? ['ro'] : []), ...point.options];
    return { destination, type, source: 'tmpfs', options };
  }
  const missing = statSync(source, { throwIfNoEntry: false }) === undefined;
  if (missing && point.createSource) mkdirSync(source, { recursive: true, mode: 0o755 });
  else if (missing) {
    throw new InvalidArgument(
      `invalid mount config for type "bind": bind source path does not exist: ${source}`,
    );
  }
  const flat = point.options.includes('bind');
  // A read-only mount is read-only with everything that is mounted below it, as dockerd has it since version 25.
  const access = readonly ? [flat ? 'ro' : 'rro', 'ro'] : [];
  return { destination, type, source, options: [flat ? 'bind' : 'rbind', propagation, ...access] };
}

function requireTarget(text: string, target: string): void {
  if (!target.startsWith('/')) {
    throw new InvalidArgument(
      `invalid volume specification: '${text}': invalid mount path: '${target}' mount path must be absolute`,
    );
  }
  if (normalise(target) === '/') {
    throw new InvalidArgument(
      `invalid volume specification: '${text}': invalid specification: destination can't be '/'`,
    );
  }
}

function refuseVolume(name: string): never {
  throw new NotImplemented(
    `volume "${name}": volumes are not supported by this engine yet: mount a folder of the host by its absolute path`,
  );
}

function normalise(path: string): string {
  return `/${path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;
}
