import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type DeviceMapping, type HostConfig, InvalidArgument } from '../../api/index.ts';
import type { OciDevice, OciDeviceRule } from './oci.ts';
import { splitDevice } from './resources.ts';

const ANY = -1;
/** Folders of the host's /dev that are file systems of their own inside a container. */
const NOT_DEVICES = new Set(['pts', 'shm', 'mqueue', 'fd', '.lxc', '.lxd-mounts', '.udev', 'console']);

/**
 * What any container may use: making device files, which the rules then keep from working, and null, zero, full, random,
 * urandom, tty, console, ptmx and pseudo-terminals. As dockerd.
 */
const DEFAULT_RULES: readonly OciDeviceRule[] = [
  { allow: false, access: 'rwm' },
  rule('c', ANY, ANY, 'm'),
  rule('b', ANY, ANY, 'm'),
  rule('c', 1, 3),
  rule('c', 1, 5),
  rule('c', 1, 7),
  rule('c', 1, 8),
  rule('c', 1, 9),
  rule('c', 5, 0),
  rule('c', 5, 1),
  rule('c', 5, 2),
  rule('c', 136, ANY),
];

function rule(type: string, major: number, minor: number, access = 'rwm'): OciDeviceRule {
  return { allow: true, type, access, ...(major !== ANY && { major }), ...(minor !== ANY && { minor }) };
}

/** Device files to make in the container, and the rules by which its cgroup may use devices. Throws InvalidArgument. */
export function devices(host: HostConfig): { devices: OciDevice[]; rules: OciDeviceRule[] } {
  if (host.Privileged) return { devices: hostDevices('/dev'), rules: [{ allow: true, access: 'rwm' }] };
  const mapped = host.Devices.flatMap(mapDevice);
  const custom = host.DeviceCgroupRules.map(parseRule);
  return {
    devices: mapped.map(({ device }) => device),
    rules: [...DEFAULT_RULES, ...mapped.map((m) => m.rule), ...custom],
  };
}

interface MappedDevice {
  readonly device: OciDevice;
  readonly rule: OciDeviceRule;
}

function mapDevice(mapping: DeviceMapping): MappedDevice[] {
  const access = mapping.CgroupPermissions || 'rwm';
  const inside = mapping.PathInContainer || mapping.PathOnHost;
  const stat = statSync(mapping.PathOnHost, { throwIfNoEntry: false });
  if (stat === undefined) {
    throw new InvalidArgument(
      `error gathering device information while adding custom device "${mapping.PathOnHost}": no such file or directory`,
    );
  }
  const found = stat.isDirectory()
    ? hostDevices(mapping.PathOnHost).map((device) => ({
        ...device,
        path: inside + device.path.slice(mapping.PathOnHost.length),
      }))
    : deviceAt(mapping.PathOnHost, inside);
  if (found.length === 0) {
    throw new InvalidArgument(
      `error gathering device information while adding custom device "${mapping.PathOnHost}": not a device node`,
    );
  }
  return found.map((device) => ({ device, rule: rule(device.type, device.major, device.minor, access) }));
}

/** Every device file under a folder of the host. */
function hostDevices(folder: string): OciDevice[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (NOT_DEVICES.has(entry.name)) return [];
    if (entry.isDirectory()) return hostDevices(path);
    return entry.isCharacterDevice() || entry.isBlockDevice() ? deviceAt(path, path) : [];
  });
}

function deviceAt(path: string, inside: string): OciDevice[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isCharacterDevice() && !stat?.isBlockDevice()) return [];
  const type = stat.isCharacterDevice() ? 'c' : 'b';
  return [
    {
      path: inside,
      type,
      ...splitDevice(stat.rdev),
      fileMode: stat.mode & 0o777,
      uid: stat.uid,
      gid: stat.gid,
    },
  ];
}

/** `c 42:* rmw`, as in the kernel's devices cgroup. */
function parseRule(text: string): OciDeviceRule {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text);
  if (match === null) throw new InvalidArgument(`invalid device cgroup rule format: '${text}'`);
  const [, type = 'a', major = '*', minor = '*', access = 'rwm'] = match;
  const number = (part: string) => (part === '*' ? ANY : Number(part));
  return rule(type, number(major), number(minor), access);
}
