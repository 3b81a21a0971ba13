import type { DeviceMapping, DeviceRequest } from '../../client/index.ts';
import { CliError } from '../errors.ts';

/** Reads `--device`: host devices, and names of the Container Device Interface (`vendor.com/class=name`). */
export function buildDevices(values: readonly string[]): { devices: DeviceMapping[]; cdi: DeviceRequest[] } {
  const names = values.filter((value) => /^[A-Za-z][\w.-]*\/[A-Za-z][\w.-]*=[\w.:-]+$/.test(value));
  const devices = values.filter((value) => !names.includes(value)).map(parseDevice);
  const cdi = { Driver: 'cdi', Count: 0, DeviceIDs: names, Capabilities: null, Options: null };
  return { devices, cdi: names.length > 0 ? [cdi] : [] };
}

/** `/dev/x[:/dev/y][:rwm]` */
function parseDevice(text: string): DeviceMapping {
  const parts = text.split(':');
  if (text === '' || parts.length > 3) throw new CliError(`bad format for path: ${text}`, 125);
  const [host = '', second = '', third] = parts;
  const secondIsMode = third === undefined && isMode(second);
  const inside = second === '' || secondIsMode ? host : second;
  const mode = third ?? (secondIsMode ? second : 'rwm');
  if (!inside.startsWith('/')) throw new CliError(`${inside} is not an absolute path`, 125);
  if (!isMode(mode)) throw new CliError(`bad mode specified: ${mode}`, 125);
  return { PathOnHost: host, PathInContainer: inside, CgroupPermissions: mode };
}

function isMode(text: string): boolean {
  return /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}
