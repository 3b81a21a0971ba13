import { isIP } from 'node:net';
import { InvalidArgument } from '../../api/index.ts';
import {
  type AddressPool,
  LOG_LEVELS,
  type LogFormat,
  type LogLevel,
  parseRegistrySettings,
  type RegistrySettings,
  type RuntimeConfig,
  type UlimitDefault,
} from '../../engine/index.ts';

/** How one kind of option is written, as flags and in `daemon.json`. Both throw InvalidArgument with the reason alone. */
export interface Kind<T> {
  /** What `--help` calls the value; undefined for switches, which need none. */
  readonly placeholder: string | undefined;
  /** Whether the flag may be given many times; else the last one counts. */
  readonly repeats: boolean;
  /** Reads the values of all the flag's occurrences, at least one. */
  fromFlags(values: readonly string[]): T;
  fromJson(value: unknown): T;
}

/** A kind whose text form is the same in both places. */
function scalar<T>(placeholder: string, parse: (text: string) => T): Kind<T> {
  return {
    placeholder,
    repeats: false,
    fromFlags: (values) => parse(values.at(-1)!),
    fromJson: (value) => parse(asString(value)),
  };
}

/** A list whose items have the same text form in both places. */
function listOf<T>(placeholder: string, parse: (text: string) => T): Kind<readonly T[]> {
  return {
    placeholder,
    repeats: true,
    fromFlags: (values) => values.map(parse),
    fromJson: (value) => asArray(value).map((item) => parse(asString(item))),
  };
}

export const string = scalar('string', (text) => text);
export const list = listOf('list', (text) => text);
export const address = scalar('ip', parseAddress);
export const addresses = listOf('ip', parseAddress);
export const cidr = scalar('cidr', parseCidr);
export const bytes: Kind<number> = {
  ...scalar('bytes', parseBytes),
  fromJson: (value) => (typeof value === 'number' ? value : parseBytes(asString(value))),
};

/** One of a few words. */
export function oneOf<const T extends string>(...words: readonly T[]): Kind<T> {
  return scalar('string', (text) => {
    const word = words.find((candidate) => candidate === text);
    if (word === undefined) throw new InvalidArgument(`"${text}" is none of ${words.join(', ')}`);
    return word;
  });
}

export const logLevel: Kind<LogLevel> = oneOf(...LOG_LEVELS);
export const logFormat: Kind<LogFormat> = oneOf('text', 'json');

export const boolean: Kind<boolean> = {
  placeholder: undefined,
  repeats: false,
  fromFlags: (values) => parseBoolean(values.at(-1)!),
  fromJson(value) {
    if (typeof value !== 'boolean') throw new InvalidArgument('true or false is expected');
    return value;
  },
};

export const integer: Kind<number> = {
  placeholder: 'int',
  repeats: false,
  fromFlags: (values) => asCount(values.at(-1) === '' ? Number.NaN : Number(values.at(-1))),
  fromJson: asCount,
};

/** `key=value` pairs: an object in the file. */
export const map: Kind<Readonly<Record<string, string>>> = {
  placeholder: 'map',
  repeats: true,
  fromFlags: (values) => Object.fromEntries(values.map(parsePair)),
  fromJson: (value) => mapObject(value, asString),
};

/** `name=true` pairs: an object of booleans in the file. */
export const switches: Kind<Readonly<Record<string, boolean>>> = {
  placeholder: 'map',
  repeats: true,
  fromFlags: (values) =>
    Object.fromEntries(values.map(parsePair).map(([key, value]) => [key, parseBoolean(value)])),
  fromJson: (value) => mapObject(value, (item) => boolean.fromJson(item)),
};

/** Anything, unread: for keys that have no effect. */
export const anything: Kind<unknown> = {
  placeholder: 'string',
  repeats: true,
  fromFlags: (values) => values,
  fromJson: (value) => value,
};

/** `name=path`: in the file `{"name": {"path": "...", "runtimeArgs": [...]}}`. */
export const runtimes: Kind<Readonly<Record<string, RuntimeConfig>>> = {
  placeholder: 'runtime',
  repeats: true,
  fromFlags: (values) =>
    Object.fromEntries(values.map(parsePair).map(([name, path]) => [name, { path, args: [] }] as const)),
  fromJson: (value) =>
    mapObject(value, (item) => {
      const { path, runtimeArgs, ...rest } = asObject(item);
      refuseRest(rest);
      return { path: asString(path), args: asArray(runtimeArgs ?? []).map(asString) };
    }),
};

/** `nofile=1024:2048`: in the file `{"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 2048}}`. */
export const ulimits: Kind<Readonly<Record<string, UlimitDefault>>> = {
  placeholder: 'ulimit',
  repeats: true,
  fromFlags: (values) =>
    Object.fromEntries(
      values.map(parsePair).map(([Name, limits]) => {
        const [soft, hard = soft] = limits.split(':');
        return [
          Name,
          checkUlimit({ Name, Soft: asLimit(Number(soft)), Hard: asLimit(Number(hard)) }),
        ] as const;
      }),
    ),
  fromJson: (value) =>
    mapObject(value, (item, name) => {
      const { Name, Soft, Hard, ...rest } = asObject(item);
      refuseRest(rest);
      const given = { Name: asString(Name ?? name), Soft: asLimit(Soft), Hard: asLimit(Hard ?? Soft) };
      return checkUlimit(given);
    }),
};

/** `base=10.10.0.0/16,size=24`: in the file `[{"base": "10.10.0.0/16", "size": 24}]`. */
export const pools: Kind<readonly AddressPool[]> = {
  placeholder: 'pool-options',
  repeats: true,
  fromFlags: (values) =>
    values.map((value) => {
      const { base, size, ...rest } = Object.fromEntries(value.split(',').map(parsePair));
      refuseRest(rest);
      return asPool(base, Number(size));
    }),
  fromJson: (value) =>
    asArray(value).map((item) => {
      const { base, size, ...rest } = asObject(item);
      refuseRest(rest);
      return asPool(base, size);
    }),
};

/** The registry to serve: addresses as flags, everything else in the file. */
export const registry: Kind<RegistrySettings> = {
  placeholder: 'address',
  repeats: true,
  fromFlags: (values) => asRegistry({ listen: values }),
  fromJson: asRegistry,
};

function parsePair(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgument(`"${text}" is not of the form key=value`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function parseBoolean(text: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  throw new InvalidArgument(`"${text}" is neither true nor false`);
}

function parseAddress(text: string): string {
  if (isIP(text) === 0) throw new InvalidArgument(`"${text}" is not an IP address`);
  return text;
}

function parseCidr(text: string): string {
  const [ip, prefix, ...more] = text.split('/');
  const bits = isIP(ip!) === 4 ? 32 : 128;
  const valid =
    isIP(ip!) !== 0 && more.length === 0 && /^\d{1,3}$/.test(prefix ?? '') && Number(prefix) <= bits;
  if (!valid) throw new InvalidArgument(`"${text}" is not an address with its prefix length (CIDR)`);
  return text;
}

const BYTE_UNITS = ['b', 'k', 'm', 'g', 't', 'p'];

function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgtp]?)(?:i?b)?$/i.exec(text);
  if (!match) throw new InvalidArgument(`"${text}" is not a size such as 64m`);
  return Math.floor(Number(match[1]) * 1024 ** Math.max(0, BYTE_UNITS.indexOf(match[2]!.toLowerCase())));
}

function asString(value: unknown): string {
  if (typeof value !== 'string') throw new InvalidArgument('a string is expected');
  return value;
}

function asCount(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new InvalidArgument('a whole number that is not negative is expected');
  }
  return value;
}

function asLimit(value: unknown): number {
  return value === -1 ? -1 : asCount(value);
}

function asArray(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new InvalidArgument('a list is expected');
  return value;
}

function asObject(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidArgument('an object is expected');
  }
  return value as Record<string, unknown>;
}

function mapObject<T>(value: unknown, convert: (item: unknown, key: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(asObject(value)).map(([key, item]) => [key, convert(item, key)]));
}

function asPool(base: unknown, size: unknown): AddressPool {
  const pool = { base: parseCidr(asString(base)), size: asCount(size) };
  if (pool.size < Number(pool.base.split('/')[1])) {
    throw new InvalidArgument(`subnets of size ${pool.size} do not fit into ${pool.base}`);
  }
  return pool;
}

function checkUlimit(limit: UlimitDefault): UlimitDefault {
  if (limit.Hard !== -1 && (limit.Soft === -1 || limit.Soft > limit.Hard)) {
    throw new InvalidArgument(`the soft limit of ${limit.Name} is above the hard one`);
  }
  return limit;
}

function asRegistry(value: unknown): RegistrySettings {
  parseRegistrySettings(value, 'in it');
  return value as RegistrySettings;
}

function refuseRest(rest: Record<string, unknown>): void {
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new InvalidArgument(`"${unknown}" is not known here`);
}
