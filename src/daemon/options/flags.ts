import { parseArgs } from 'node:util';
import { InvalidArgument } from '../../api/index.ts';
import { FOREIGN_OPTIONS, type ForeignOption } from './foreign.ts';
import { OPTIONS, type Option, type SettingName, type Settings } from './table.ts';

type AnyOption = Pick<Option, 'flag' | 'short' | 'kind'>;

/**
 * Reads the command line as dockerd does: `--flag value`, `--flag=value`, `-f value`, `-Df value`; a switch takes its value
 * only after `=`. Throws InvalidArgument for what is unknown, malformed or not supported.
 */
export function parseFlags(args: readonly string[]): Settings {
  const options = flagTable();
  const given = new Map<AnyOption, string[]>();
  for (const [flag, value] of tokens(args, options)) {
    const option = options.get(flag);
    if (!option) throw new InvalidArgument(`unknown flag: --${flag}`);
    const isSwitch = option.kind.placeholder === undefined;
    if (value === undefined && !isSwitch) throw new InvalidArgument(`flag needs an argument: --${flag}`);
    given.set(option, [...(given.get(option) ?? []), value ?? 'true']);
  }

  for (const option of FOREIGN_OPTIONS) {
    const values = given.get(option);
    if (values) refuseForeign(option, read(option, values), `--${option.flag}`);
  }
  const settings: Partial<Record<SettingName, unknown>> = {};
  for (const [name, option] of Object.entries(OPTIONS) as [SettingName, Option][]) {
    const values = given.get(option);
    if (values) settings[name] = read(option, values);
  }
  return settings as Settings;
}

/** Throws InvalidArgument for a value that the engine cannot honour; `name` is how the user wrote the option. */
export function refuseForeign(option: ForeignOption, value: unknown, name: string): void {
  if (!option.accepts(value)) throw new InvalidArgument(`${name} cannot be set: ${option.refusal}`);
}

function flagTable(): Map<string, AnyOption> {
  const all: AnyOption[] = [...Object.values(OPTIONS), ...FOREIGN_OPTIONS];
  return new Map(all.filter(({ flag }) => flag !== undefined).map((option) => [option.flag!, option]));
}

/** Flags and their values in the order given. */
function tokens(args: readonly string[], table: Map<string, AnyOption>): [string, string | undefined][] {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string }> = {};
  for (const [flag, { kind, short }] of table) {
    options[flag] = {
      type: kind.placeholder === undefined ? 'boolean' : 'string',
      ...(short ? { short } : {}),
    };
  }
  // `-l=debug` is known to Go's flags and not to Node's.
  const normal = args.map((arg) =>
    arg.replace(/^-([A-Za-z])=/, (_, short: string) => `--${longName(short, table)}=`),
  );
  const parsed = parseArgs({ args: normal, options, strict: false, tokens: true, allowPositionals: true });
  const found: [string, string | undefined][] = [];
  for (const token of parsed.tokens) {
    if (token.kind === 'positional') throw new InvalidArgument('"berthd" accepts no arguments');
    if (token.kind === 'option') {
      if (!table.has(token.name) && !token.rawName.startsWith('--')) {
        throw new InvalidArgument(`unknown shorthand flag: '${token.name}' in ${token.rawName}`);
      }
      found.push([token.name, token.value]);
    }
  }
  return found;
}

function longName(short: string, table: Map<string, AnyOption>): string {
  return [...table].find(([, option]) => option.short === short)?.[0] ?? short;
}

function read(option: AnyOption, values: readonly string[]): unknown {
  try {
    return option.kind.fromFlags(values);
  } catch (error) {
    if (!(error instanceof InvalidArgument)) throw error;
    throw new InvalidArgument(`invalid argument for --${option.flag}: ${error.message}`);
  }
}

/** The text of `--help`. */
export function usage(): string {
  const rows = (Object.values(OPTIONS) as Option[]).map(({ flag, short, kind, help }) => {
    const left = `  ${short ? `-${short},` : '   '} --${flag} ${kind.placeholder ?? ''}`;
    return `${left.padEnd(40)} ${help}`;
  });
  return [
    '',
    'Usage:  berthd [OPTIONS]',
    '',
    'The engine of Berth: runs containers and serves the Docker Engine API.',
    '',
    'Options:',
    ...rows,
    '',
  ].join('\n');
}
