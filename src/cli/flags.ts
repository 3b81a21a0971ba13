import { parseDuration } from '../api/index.ts';
import { parseBytes } from './units.ts';

/** One flag of a command: how its text becomes a value, and what `--help` says. */
export interface Flag<T> {
  readonly short?: string | undefined;
  /** The name of its type in `--help`; empty for switches. */
  readonly type: string;
  readonly about: string;
  readonly initial: T;
  /** The default that `--help` shows; none when undefined. */
  readonly shown?: string | undefined;
  /** The text meant when the flag stands without a value. Undefined: a value is required. */
  readonly implied?: string | undefined;
  /** Left out of `--help`. */
  readonly hidden?: boolean | undefined;
  /** The API version that the engine must speak for it. */
  readonly since?: string | undefined;
  /** The operating system that the engine must run on for it. */
  readonly os?: string | undefined;
  /** Turns one occurrence into the new value. Throws Error with the reason why it cannot. */
  read(text: string, previous: T): T;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;
export type FlagValues<F> = { readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

interface Extras {
  readonly short?: string;
  readonly hidden?: boolean;
  readonly since?: string;
  readonly os?: string;
  readonly shown?: string;
  readonly type?: string;
}

/** A switch: `--all`, `--all=false`. */
export function bool(about: string, extras: Extras & { readonly initial?: boolean } = {}): Flag<boolean> {
  const { initial = false, ...rest } = extras;
  return {
    type: '',
    about,
    initial,
    shown: initial ? 'true' : undefined,
    implied: 'true',
    read: readBool,
    ...rest,
  };
}

export function string(about: string, extras: Extras & { readonly initial?: string } = {}): Flag<string> {
  const { initial = '', ...rest } = extras;
  const shown = initial ? JSON.stringify(initial) : undefined;
  return { type: 'string', about, initial, shown, read: (text) => text, ...rest };
}

/** A whole number, in decimal, or with 0x, 0o or 0b before it. */
export function int(about: string, extras: Extras & { readonly initial?: number } = {}): Flag<number> {
  const { initial = 0, ...rest } = extras;
  return {
    type: 'int',
    about,
    initial,
    shown: initial ? String(initial) : undefined,
    read: readInt,
    ...rest,
  };
}

/** A number from 0 to `max`. */
export function uint(about: string, max: number, extras: Extras = {}): Flag<number> {
  const read = (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(value))
      throw new Error(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
    if (value > max)
      throw new Error(`strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`);
    return value;
  };
  return { type: 'uint', about, initial: 0, read, ...extras };
}

/** A number of bytes with a unit: `64m`, `1.5GiB`. */
export function bytes(about: string, extras: Extras = {}): Flag<number> {
  return { type: 'bytes', about, initial: 0, read: parseBytes, ...extras };
}

/** A duration such as `1m30s`, in nanoseconds. */
export function duration(about: string, extras: Extras = {}): Flag<number> {
  return { type: 'duration', about, initial: 0, shown: '0s', read: readDuration, ...extras };
}

/** May be given many times; each value is checked and put into its final form by `check`. */
export function list(
  about: string,
  extras: Extras & { readonly check?: (text: string) => string } = {},
): Flag<readonly string[]> {
  const { check = (text: string): string => text, ...rest } = extras;
  return { type: 'list', about, initial: [], read: (text, previous) => [...previous, check(text)], ...rest };
}

/** A list whose values may also come together, separated by commas. */
export function strings(about: string, extras: Extras = {}): Flag<readonly string[]> {
  return {
    type: 'strings',
    about,
    initial: [],
    read: (text, previous) => [...previous, ...text.split(',')],
    ...extras,
  };
}

/** As `list`, for values that are more than text. */
export function each<T>(about: string, parse: (text: string) => T, extras: Extras = {}): Flag<readonly T[]> {
  return {
    type: 'list',
    about,
    initial: [],
    read: (text, previous) => [...previous, parse(text)],
    ...extras,
  };
}

/** `key=value`, many times. */
export function map(
  about: string,
  extras: Extras & { readonly check?: (text: string) => string } = {},
): Flag<Readonly<Record<string, string>>> {
  const { check = (text: string): string => text, ...rest } = extras;
  const read = (text: string, previous: Readonly<Record<string, string>>): Record<string, string> => {
    const pair = check(text);
    const equals = pair.indexOf('=');
    return equals < 0
      ? { ...previous, [pair]: '' }
      : { ...previous, [pair.slice(0, equals)]: pair.slice(equals + 1) };
  };
  return { type: 'map', about, initial: {}, shown: 'map[]', read, ...rest };
}

/** `--filter`: `key=value`, many times. */
export function filter(
  about: string,
  extras: Extras = {},
): Flag<Readonly<Record<string, readonly string[]>>> {
  const read = (
    text: string,
    previous: Readonly<Record<string, readonly string[]>>,
  ): Record<string, readonly string[]> => {
    if (text === '') return previous;
    const equals = text.indexOf('=');
    if (equals < 0) throw new Error('bad format of filter (expected name=value)');
    const key = text.slice(0, equals).trim().toLowerCase();
    return { ...previous, [key]: [...(previous[key] ?? []), text.slice(equals + 1).trim()] };
  };
  return { type: 'filter', about, initial: {}, read, ...extras };
}

/** Filters as the API takes them; undefined when there are none. */
export function filtersJson(filters: Readonly<Record<string, readonly string[]>>): string | undefined {
  const keys = Object.entries(filters);
  if (keys.length === 0) return undefined;
  return JSON.stringify(
    Object.fromEntries(keys.map(([key, list]) => [key, Object.fromEntries(list.map((v) => [v, true]))])),
  );
}

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

export function readBool(text: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

const INTEGER = /^[+-]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]*|[1-9]\d*)$/;

export function readInt(text: string): number {
  if (!INTEGER.test(text))
    throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  const digits = text.replace(/^[+-]/, '').replace(/^0(?=[0-7])/, '0o');
  const value = text.startsWith('-') ? -Number(digits) : Number(digits);
  if (Math.abs(value) > 2 ** 63)
    throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  return value;
}

function readDuration(text: string): number {
  const nanos = parseDuration(text);
  if (nanos !== undefined) return Number(nanos);
  if (/^[+-]?\d+(\.\d*)?$/.test(text))
    throw new Error(`time: missing unit in duration ${JSON.stringify(text)}`);
  throw new Error(`time: invalid duration ${JSON.stringify(text)}`);
}
