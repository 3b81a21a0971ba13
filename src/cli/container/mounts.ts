import { resolve } from 'node:path';
import type { Mount } from '../../client/index.ts';
import { readBool } from '../flags.ts';
import { parseBytes } from '../units.ts';
import { keyValue, splitCsv } from './csv.ts';

/** Keys that a bare word switches on. */
const SWITCHES = ['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive', 'bind-create-src'];

/** Reads `--mount`: `type=bind,source=/a,target=/b,readonly`. Throws Error. */
export function parseMount(text: string): Mount {
  const mount: Mount = { Type: 'volume' };
  let recursive: string | undefined;
  for (const field of splitCsv(text)) {
    const [name, given] = keyValue(field);
    const key = name.toLowerCase();
    if (given === undefined && !SWITCHES.includes(key))
      throw new Error(`invalid field '${field}' must be a key=value pair`);
    const value = given ?? 'true';
    if (key === 'bind-recursive') recursive = value;
    else setField(mount, key, value, field);
  }
  if (recursive !== undefined) setRecursive(mount, recursive);
  check(mount);
  return mount;
}

function setField(mount: Mount, key: string, value: string, field: string): void {
  switch (key) {
    case 'type':
      mount.Type = value.toLowerCase();
      return;
    case 'source':
    case 'src':
      mount.Source = value.startsWith('.') ? resolve(value) : value;
      return;
    case 'target':
    case 'dst':
    case 'destination':
      mount.Target = value;
      return;
    case 'readonly':
    case 'ro':
      mount.ReadOnly = flag(key, value);
      return;
    case 'consistency':
      mount.Consistency = value.toLowerCase();
      return;
    case 'bind-propagation':
      bind(mount).Propagation = value.toLowerCase();
      return;
    case 'bind-nonrecursive':
      bind(mount).NonRecursive = flag(key, value);
      return;
    case 'bind-create-src':
      bind(mount).CreateMountpoint = flag(key, value);
      return;
    case 'volume-subpath':
      volume(mount).Subpath = value;
      return;
    case 'volume-nocopy':
      volume(mount).NoCopy = flag(key, value);
      return;
    case 'volume-label':
      volume(mount).Labels = { ...volume(mount).Labels, ...pair(value) };
      return;
    case 'volume-driver':
      volume(mount).DriverConfig = { ...volume(mount).DriverConfig, Name: value };
      return;
    case 'volume-opt': {
      const config = volume(mount).DriverConfig;
      volume(mount).DriverConfig = { ...config, Options: { ...config?.Options, ...pair(value) } };
      return;
    }
    case 'image-subpath':
      mount.ImageOptions = { Subpath: value };
      return;
    case 'tmpfs-size':
      tmpfs(mount).SizeBytes = size(key, value);
      return;
    case 'tmpfs-mode':
      if (!/^[0-7]+$/.test(value)) throw new Error(`invalid value for ${key}: ${value}`);
      tmpfs(mount).Mode = Number.parseInt(value, 8);
      return;
    default:
      throw new Error(`unexpected key '${key}' in '${field}'`);
  }
}

function setRecursive(mount: Mount, value: string): void {
  switch (value) {
    case 'enabled':
      return;
    case 'disabled':
      bind(mount).NonRecursive = true;
      return;
    case 'writable':
      bind(mount).ReadOnlyNonRecursive = true;
      break;
    case 'readonly':
      bind(mount).ReadOnlyForceRecursive = true;
      if (mount.BindOptions?.Propagation !== 'rprivate') {
        throw new Error(
          `option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction`,
        );
      }
      break;
    default:
      throw new Error(
        `invalid value for bind-recursive: ${value} (must be "enabled", "disabled", "writable", or "readonly")`,
      );
  }
  if (!mount.ReadOnly) {
    throw new Error(`option 'bind-recursive=${value}' requires 'readonly' to be specified in conjunction`);
  }
}

function check(mount: Mount): void {
  if (mount.Type === '') throw new Error('type is required');
  if (!mount.Target) throw new Error('target is required');
  const mixed: [string, unknown, string][] = [
    ['bind', mount.BindOptions, 'bind-*'],
    ['volume', mount.VolumeOptions, 'volume-*'],
    ['image', mount.ImageOptions, 'image-*'],
    ['tmpfs', mount.TmpfsOptions, 'tmpfs-*'],
  ];
  for (const [type, options, keys] of mixed) {
    if (options && mount.Type !== type)
      throw new Error(`cannot mix '${keys}' options with mount type '${mount.Type}'`);
  }
}

/** True, or undefined for false: what is not so is not sent. */
function flag(key: string, value: string): true | undefined {
  try {
    return readBool(value) || undefined;
  } catch {
    throw new Error(`invalid value for ${key}: ${value}`);
  }
}

function size(key: string, value: string): number {
  try {
    return parseBytes(value);
  } catch {
    throw new Error(`invalid value for ${key}: ${value}`);
  }
}

function pair(text: string): Record<string, string> {
  const [key, value] = keyValue(text);
  return { [key]: value ?? '' };
}

function bind(mount: Mount): NonNullable<Mount['BindOptions']> {
  mount.BindOptions ??= {};
  return mount.BindOptions;
}

function volume(mount: Mount): NonNullable<Mount['VolumeOptions']> {
  mount.VolumeOptions ??= {};
  return mount.VolumeOptions;
}

function tmpfs(mount: Mount): NonNullable<Mount['TmpfsOptions']> {
  mount.TmpfsOptions ??= {};
  return mount.TmpfsOptions;
}

/**
 * Sorts `--volume` values: `source:target[:mode]` is a bind (paths relative to here made absolute), a lone path an anonymous
 * volume.
 */
export function splitVolumes(volumes: readonly string[]): {
  binds: string[];
  anonymous: Record<string, object>;
} {
  const binds: string[] = [];
  const anonymous: Record<string, object> = {};
  for (const volume of volumes) {
    const colon = volume.indexOf(':');
    if (colon < 0 || volume.split(':').every((part) => part === '')) anonymous[volume] = {};
    else binds.push(`${localPath(volume.slice(0, colon))}${volume.slice(colon)}`);
  }
  return { binds, anonymous };
}

function localPath(source: string): string {
  return source.startsWith('.') ? resolve(source) : source;
}

/** Reads `--tmpfs /path[:options]`. */
export function parseTmpfs(values: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    values.map((value) => {
      const colon = value.indexOf(':');
      return colon < 0 ? [value, ''] : [value.slice(0, colon), value.slice(colon + 1)];
    }),
  );
}
