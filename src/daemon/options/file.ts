import { readFileSync } from 'node:fs';
import { InvalidArgument, messageOf } from '../../api/index.ts';
import { refuseForeign } from './flags.ts';
import { FOREIGN_OPTIONS } from './foreign.ts';
import { OPTIONS, type Option, type SettingName, type Settings } from './table.ts';

export const DEFAULT_CONFIG_FILE = '/etc/berth/daemon.json';

/** The most bytes that a configuration file may have. */
const LARGEST_FILE = 1024 * 1024;

/** Keys that flags and file may both have, since their values add up. */
const MERGED: readonly SettingName[] = ['runtimes'];

/**
 * Flags and configuration file together. The file need not exist unless the flags name it. Throws InvalidArgument as
 * dockerd does: for unknown keys, and for options that are in both.
 */
export function withConfigFile(flags: Settings): Settings {
  const path = flags.configFile ?? DEFAULT_CONFIG_FILE;
  const text = readConfig(path, flags.configFile !== undefined);
  if (text === undefined || text.trim() === '') return flags;
  try {
    const file = parseConfig(text);
    refuseConflicts(flags, file);
    return { ...file, ...flags, ...merge(flags, file) };
  } catch (error) {
    throw new InvalidArgument(`unable to configure the engine with file ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function readConfig(path: string, required: boolean): string | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length > LARGEST_FILE) throw new Error(`it is larger than ${LARGEST_FILE} bytes`);
    // Editors on Windows put a byte order mark first.
    return text.replace(/^\uFEFF/, '');
  } catch (error) {
    if (!required && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new InvalidArgument(`unable to read the configuration file ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function parseConfig(text: string): Settings {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new InvalidArgument('a JSON object is expected');
  }
  const values = new Map<string, unknown>(Object.entries(parsed));
  const known = Object.entries(OPTIONS) as [SettingName, Option][];

  const keys = new Set([
    ...known.map(([, option]) => option.key),
    ...FOREIGN_OPTIONS.map((option) => option.key),
  ]);
  const unknown = [...values.keys()].filter((key) => !keys.has(key));
  if (unknown.length > 0) {
    throw new InvalidArgument(
      `the following directives don't match any configuration option: ${unknown.join(', ')}`,
    );
  }

  for (const option of FOREIGN_OPTIONS) {
    const key = option.key!;
    if (values.has(key)) refuseForeign(option, read(option, key, values.get(key)), `"${key}"`);
  }
  const settings: Partial<Record<SettingName, unknown>> = {};
  for (const [name, option] of known) {
    if (option.key !== undefined && values.has(option.key)) {
      settings[name] = read(option, option.key, values.get(option.key));
    }
  }
  return settings as Settings;
}

function read(option: Pick<Option, 'kind'>, key: string, value: unknown): unknown {
  try {
    return option.kind.fromJson(value);
  } catch (error) {
    if (!(error instanceof InvalidArgument)) throw error;
    throw new InvalidArgument(`invalid value for "${key}": ${error.message}`);
  }
}

function refuseConflicts(flags: Settings, file: Settings): void {
  const both = (Object.keys(file) as SettingName[]).filter((name) => name in flags && !MERGED.includes(name));
  if (both.length === 0) return;
  const show = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value));
  const conflicts = both.map(
    (name) => `${OPTIONS[name].key}: (from flag: ${show(flags[name])}, from file: ${show(file[name])})`,
  );
  throw new InvalidArgument(
    `the following directives are specified both as a flag and in the configuration file: ${conflicts.join(', ')}`,
  );
}

function merge(flags: Settings, file: Settings): Settings {
  return flags.runtimes && file.runtimes ? { runtimes: { ...file.runtimes, ...flags.runtimes } } : {};
}
