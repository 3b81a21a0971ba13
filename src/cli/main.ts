import { Cli } from './cli.ts';
import { type CommandEntry, findCommand, groups } from './commands.ts';
import { CliError, UsageError } from './errors.ts';
import { type GlobalValues, globalFlags } from './global-flags.ts';
import { complain } from './output.ts';
import { parseFlags } from './parse.ts';

const LOG_LEVELS = ['debug', 'info', 'warn', 'warning', 'error', 'fatal', 'panic', 'trace'];

/** Where in the command line we are, for the messages. */
export interface Place {
  /** The command as typed, without the program's name; empty before there is one. */
  name: string;
  /** Its usage line, where one is shown. */
  usage: string | undefined;
}

/** Runs one command line, the program's name left out, and ends the process with its exit code. */
export async function main(argv: readonly string[]): Promise<never> {
  const place: Place = { name: '', usage: 'berth [OPTIONS] COMMAND [ARG...]' };
  try {
    await dispatch(argv, place);
    return process.exit(0);
  } catch (error) {
    const { report } = await import('./report.ts');
    return process.exit(report(error, place));
  }
}

async function dispatch(argv: readonly string[], place: Place): Promise<void> {
  const { values, args, help, helpByShorthand } = parseFlags(globalFlags, argv, { interspersed: false });
  if (values.version) return (await import('./help.ts')).printVersion();
  if (helpByShorthand) complain('Flag shorthand -h has been deprecated, use --help');
  if (help || args.length === 0) return (await import('./help.ts')).printOverview(help ? 1 : 2);
  if (!LOG_LEVELS.includes(values['log-level'])) {
    throw new CliError(`Unable to parse logging level: ${values['log-level']}`);
  }
  if (args[0] === 'help') return await helpOn(args.slice(1));
  if (Object.hasOwn(groups, args[0]!)) return await dispatchGroup(args[0]!, args.slice(1), values, place);
  const entry = findCommand(args[0]!);
  if (!entry) throw unknownCommand(`berth ${args[0]}`, undefined, place);
  await run(entry, args[0]!, args.slice(1), values, place);
}

async function dispatchGroup(
  group: string,
  rest: readonly string[],
  globals: GlobalValues,
  place: Place,
): Promise<void> {
  const entry = findCommand(`${group} ${rest[0]}`);
  if (entry) return await run(entry, `${group} ${rest[0]}`, rest.slice(1), globals, place);
  place.name = group;
  place.usage = `berth ${group}`;
  const { args, help } = parseFlags({}, rest);
  if (args.length > 0) throw unknownCommand(`berth ${group} ${args[0]}`, place.usage, place);
  (await import('./help.ts')).printGroup(group, help ? 1 : 2);
}

async function helpOn(words: readonly string[]): Promise<void> {
  const help = await import('./help.ts');
  const [first = '', second] = words;
  if (words.length === 0) return help.printOverview(1);
  if (Object.hasOwn(groups, first) && second === undefined) return help.printGroup(first, 1);
  const path = Object.hasOwn(groups, first) ? `${first} ${second}` : first;
  const entry = findCommand(path);
  const beyond = words[path.split(' ').length];
  if (!entry || beyond !== undefined)
    throw new CliError(`unknown help topic: ${entry ? beyond : words.join(' ')}`);
  help.printCommand(entry, path, (await entry.load()).command);
}

async function run(
  entry: CommandEntry,
  path: string,
  argv: readonly string[],
  globals: GlobalValues,
  place: Place,
): Promise<void> {
  place.name = path;
  const { command } = await entry.load();
  place.usage = `berth ${path} ${command.use}`.trimEnd();
  const { values, changed, args, help, helpByShorthand } = parseFlags(command.flags, argv, command);
  if (help) {
    if (helpByShorthand) complain('Flag shorthand -h has been deprecated, use --help');
    return (await import('./help.ts')).printCommand(entry, path, command);
  }
  command.args(args, path);
  const cli = new Cli(path, globals);
  const demanding = [...changed].filter((name) => command.flags[name]?.since || command.flags[name]?.os);
  if (demanding.length > 0)
    await (await import('./supported.ts')).requireSupport(demanding, command.flags, cli);
  await command.run({ values, changed, args, cli });
}

function unknownCommand(name: string, usage: string | undefined, place: Place): UsageError {
  place.usage = usage;
  return new UsageError(`unknown command: ${name}`, 1, { named: true });
}
