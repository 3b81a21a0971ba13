import { isIP } from 'node:net';
import type { ThrottleDevice, Ulimit, WeightDevice } from '../../client/index.ts';
import { parseBytes } from '../units.ts';

/** Checks of single flag values. Each takes the text, returns what is meant, and throws Error with the reason. */

/** `KEY=value`, or `KEY` to take the value from our own environment; without one there it stays a bare key. */
export function checkEnv(text: string): string {
  const [key = ''] = text.split('=', 1);
  if (key === '') throw new Error(`invalid environment variable: ${text}`);
  if (text.includes('=')) return text;
  const value = process.env[text];
  return value === undefined ? text : `${text}=${value}`;
}

export function checkLabel(text: string): string {
  const [key = ''] = text.split('=', 1);
  if (key === '') throw new Error(`invalid label '${text}': empty name`);
  return text;
}

export function checkStream(text: string): string {
  const stream = text.toLowerCase();
  if (!['stdin', 'stdout', 'stderr'].includes(stream))
    throw new Error('valid streams are STDIN, STDOUT and STDERR');
  return stream;
}

/** `host:address` or `host=address`. */
export function checkExtraHost(text: string): string {
  const [, host = '', separator, address = ''] = /^([^=:]*)([=:])(.*)$/.exec(text) ?? [];
  if (host === '' || separator === undefined)
    throw new Error(`bad format for add-host: ${JSON.stringify(text)}`);
  const bare = address.replace(/^\[(.*)\]$/, '$1');
  if (bare !== 'host-gateway' && isIP(bare) === 0)
    throw new Error(`invalid IP address in add-host: ${JSON.stringify(bare)}`);
  return `${host}:${bare}`;
}

export function checkDns(text: string): string {
  const address = text.trim();
  if (isIP(address) === 0) throw new Error(`IP address is not correctly formatted: ${text}`);
  return address;
}

export function checkDnsSearch(text: string): string {
  const domain = text.trim();
  if (domain === '.') return domain;
  const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9_-]*[a-zA-Z0-9])';
  const valid =
    domain.length < 255 &&
    /[a-zA-Z]/.test(domain) &&
    new RegExp(`^${label}(?:\\.${label})*\\.?$`).test(domain);
  if (!valid) throw new Error(`${text} is not a valid domain`);
  return domain;
}

/** `container` or `container:alias`. */
export function checkLink(text: string): string {
  const parts = text.split(':');
  if (text === '') throw new Error('empty string specified for links');
  if (parts.length > 2) throw new Error(`bad format for links: ${text}`);
  return text;
}

const SYSCTLS = [
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
];

/** `name=value` of a setting that belongs to a namespace. */
export function checkSysctl(text: string): string {
  const [name = '', value] = text.split('=');
  if (value === undefined) throw new Error(`sysctl '${text}' is not allowed`);
  if (SYSCTLS.includes(name) || name.startsWith('net.') || name.startsWith('fs.mqueue.')) return text;
  throw new Error(`sysctl '${text}' is not allowed`);
}

/** `c 1:3 rwm` */
export function checkDeviceCgroupRule(text: string): string {
  if (!/^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$/.test(text))
    throw new Error(`invalid device cgroup format '${text}'`);
  return text;
}

/** Splits `/dev/x:value`. */
function devicePath(text: string): [string, string] {
  const colon = text.indexOf(':');
  if (colon < 0) throw new Error(`bad format: ${text}`);
  const path = text.slice(0, colon);
  if (!path.startsWith('/dev/')) throw new Error(`bad format for device path: ${text}`);
  return [path, text.slice(colon + 1)];
}

export function parseWeightDevice(text: string): WeightDevice {
  const [path, weight] = devicePath(text);
  const value = /^\d+$/.test(weight) ? Number(weight) : Number.NaN;
  if (!(value === 0 || (value >= 10 && value <= 1000))) throw new Error(`invalid weight for device: ${text}`);
  return { Path: path, Weight: value };
}

export function parseBpsDevice(text: string): ThrottleDevice {
  const [path, rate] = devicePath(text);
  try {
    return { Path: path, Rate: parseBytes(rate) };
  } catch {
    throw new Error(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb`,
    );
  }
}

export function parseIopsDevice(text: string): ThrottleDevice {
  const [path, rate] = devicePath(text);
  if (!/^\d+$/.test(rate)) {
    throw new Error(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>. Number must be a positive integer`,
    );
  }
  return { Path: path, Rate: Number(rate) };
}

/** A decimal number of CPUs, or a fraction `3/2`, in billionths. */
export function parseCpus(text: string): number {
  const match = /^([+-]?\d*\.?\d*(?:[eE][+-]?\d+)?)(?:\/(\d+))?$/.exec(text);
  const numerator = match && /\d/.test(match[1]!) ? Number(match[1]) : Number.NaN;
  const value = numerator / Number(match?.[2] ?? 1);
  if (!Number.isFinite(value)) throw new Error(`failed to parse ${text} as a rational number`);
  const nano = value * 1e9;
  if (Math.abs(nano - Math.round(nano)) > 1e-5) throw new Error('value is too precise');
  return Math.round(nano);
}

const ULIMITS = [
  'as',
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
];

/** `name=soft[:hard]`, -1 for no limit. */
export function parseUlimit(text: string): Ulimit {
  const equals = text.indexOf('=');
  if (equals < 0) throw new Error(`invalid ulimit argument: ${text}`);
  const name = text.slice(0, equals);
  const limits = text.slice(equals + 1).split(':');
  if (!ULIMITS.includes(name)) throw new Error(`invalid ulimit type: ${name}`);
  if (limits.length > 2)
    throw new Error(
      `too many limit value arguments - ${text.slice(equals + 1)}, can only have up to two, \`soft[:hard]\``,
    );
  const [soft, hard = soft] = limits.map((limit) => {
    if (!/^[+-]?\d+$/.test(limit))
      throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(limit)}: invalid syntax`);
    return Number(limit);
  }) as [number, number?];
  if (hard !== -1 && soft > hard!) {
    throw new Error(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  }
  if (hard !== -1 && soft === -1) {
    throw new Error(
      `ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: ${hard}`,
    );
  }
  return { Name: name, Hard: hard!, Soft: soft };
}
