import { isAbsolute, normalize } from 'node:path';
import { InvalidArgument, type MountRequest } from '../../../api/index.ts';
import { LOCAL_DRIVER } from '../../volumes/index.ts';
import { PROPAGATIONS } from './parse-volume.ts';
import { type BindPart, normalise } from './point.ts';
import type { WantedMount } from './wanted.ts';

type Fail = (why: string) => InvalidArgument;

/** Options of a tmpfs that clients may add; others would let it out of what a tmpfs is. */
const TMPFS_SWITCHES = ['exec', 'noexec'];

/** Reads a mount of `--mount`, as `HostConfig.Mounts` has it. Throws InvalidArgument. */
export function parseMountRequest(request: MountRequest): WantedMount {
  const { Type: type, Target } = request;
  const fail: Fail = (why) => new InvalidArgument(`invalid mount config for type "${type}": ${why}`);
  if (!['bind', 'volume', 'tmpfs', 'image'].includes(type))
    throw new InvalidArgument(`mount type unknown: "${type}"`);
  if (Target === '') throw fail('field Target must not be empty');
  if (!Target.startsWith('/')) throw fail(`invalid mount path: '${Target}' mount path must be absolute`);
  if (normalise(Target) === '/') throw fail("invalid specification: destination can't be '/'");
  refuseForeign(request, fail);
  const common = {
    target: normalise(Target),
    readonly: request.ReadOnly,
    mode: '',
    propagation: '',
    options: [],
  };
  switch (type) {
    case 'bind':
      return bindMount(request, common, fail);
    case 'volume':
      return volumeMount(request, common, fail);
    case 'image':
      if (request.Source === '') throw fail('field Source must not be empty');
      return {
        point: {
          ...common,
          type,
          source: request.Source,
          readonly: true,
          image: { id: '', subpath: subpathOf(request.ImageOptions?.Subpath, fail) },
        },
      };
    default:
      if (request.Source !== '') throw fail('field Source must not be specified');
      return { point: { ...common, type: 'tmpfs', source: '', options: tmpfsOptions(request, fail) } };
  }
}

type Common = Pick<WantedMount['point'], 'target' | 'readonly' | 'mode' | 'propagation' | 'options'>;

function bindMount({ Source, ReadOnly, BindOptions }: MountRequest, common: Common, fail: Fail): WantedMount {
  if (Source === '') throw fail('field Source must not be empty');
  if (!Source.startsWith('/')) throw fail(`invalid mount path: '${Source}' mount path must be absolute`);
  const createSource = BindOptions?.CreateMountpoint ?? false;
  const propagation = BindOptions?.Propagation || 'rprivate';
  if (!PROPAGATIONS.includes(propagation)) throw fail(`invalid propagation mode: ${propagation}`);
  const flat = BindOptions?.NonRecursive ?? false;
  const below = belowOf(BindOptions);
  if (below !== 'readonly' && !ReadOnly) {
    throw fail(
      `BindOptions.${below === 'writable' ? 'ReadOnlyNonRecursive' : 'ReadOnlyForceRecursive'} requires ReadOnly`,
    );
  }
  if (below === 'must-be-readonly' && propagation !== 'rprivate') {
    throw fail(`ReadOnlyForceRecursive requires the propagation rprivate, not ${propagation}`);
  }
  return {
    point: {
      ...common,
      type: 'bind',
      source: normalise(Source),
      propagation,
      bind: { createSource, flat, below },
    },
  };
}

function belowOf(options: MountRequest['BindOptions']): BindPart['below'] {
  if (options?.ReadOnlyNonRecursive) return 'writable';
  return options?.ReadOnlyForceRecursive ? 'must-be-readonly' : 'readonly';
}

function volumeMount({ Source, VolumeOptions }: MountRequest, common: Common, fail: Fail): WantedMount {
  const { NoCopy = false, Labels = {}, Subpath, DriverConfig } = VolumeOptions ?? {};
  const anonymous = Source === '';
  const subpath = subpathOf(Subpath, fail);
  if (anonymous && subpath !== '') throw fail('must not set Subpath when using anonymous volumes');
  const volume = { name: Source, anonymous, subpath, copyUp: !NoCopy };
  const driver = DriverConfig?.Name || LOCAL_DRIVER;
  return {
    point: { ...common, type: 'volume', source: '', volume },
    wish: { name: Source, driver, options: DriverConfig?.Options ?? {}, labels: Labels },
  };
}

function subpathOf(subpath: string | null | undefined, fail: Fail): string {
  if (!subpath) return '';
  const clean = normalize(subpath).replace(/\/$/, '');
  if (isAbsolute(clean) || clean === '..' || clean.startsWith('../')) {
    throw fail(`subpath must be a relative path within the volume: ${subpath}`);
  }
  return clean === '.' ? '' : clean;
}

function tmpfsOptions({ TmpfsOptions }: MountRequest, fail: Fail): string[] {
  const { SizeBytes, Mode, Options } = TmpfsOptions ?? { SizeBytes: 0, Mode: 0, Options: [] };
  if (SizeBytes < 0) throw fail('TmpfsOptions.SizeBytes must not be negative');
  const switches = Options.map((option) => {
    const [name = '', ...rest] = option;
    if (rest.length > 0 || !TMPFS_SWITCHES.includes(name)) throw fail(`invalid option: ${option.join('=')}`);
    return name;
  });
  return [
    ...(switches.includes('exec') ? [] : ['noexec']),
    ...(SizeBytes > 0 ? [`size=${SizeBytes}`] : []),
    ...(Mode > 0 ? [`mode=${Mode.toString(8)}`] : []),
  ];
}

/** Options of another type of mount would be of no effect, which nobody expects. */
function refuseForeign(request: MountRequest, fail: Fail): void {
  const { Type } = request;
  const given = [
    ['bind', 'BindOptions', request.BindOptions],
    ['volume', 'VolumeOptions', request.VolumeOptions],
    ['image', 'ImageOptions', request.ImageOptions],
    ['tmpfs', 'TmpfsOptions', request.TmpfsOptions],
  ] as const;
  for (const [type, field, options] of given) {
    if (options != null && type !== Type) throw fail(`field ${field} must not be specified`);
  }
}
