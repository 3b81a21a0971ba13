import { BERTH_VERSION } from '../api/index.ts';
import type { Command } from './command.ts';
import { type CommandEntry, commands, common, groups } from './commands.ts';
import type { Flag, Flags } from './flags.ts';
import { globalFlags } from './global-flags.ts';
import { print, printLine, write } from './output.ts';

export function printVersion(): void {
  printLine(`Berth version ${BERTH_VERSION}`);
}

/** What `berth --help` says. Goes to standard error when nobody asked. */
export function printOverview(fd: 1 | 2): void {
  const top = commands.filter((entry) => !entry.hidden && entry.paths.some((path) => !path.includes(' ')));
  const named = top.map((entry): [string, string] => [topName(entry), entry.about]);
  const commonly = common.map((name) => named.find(([candidate]) => candidate === name)!);
  const others = named.filter(([name]) => !common.includes(name)).sort(byName);
  const text = [
    'Usage:  berth [OPTIONS] COMMAND',
    'A container platform that speaks the Docker Engine API',
    `Common Commands:\n${columns(commonly)}`,
    `Management Commands:\n${columns(Object.entries(groups))}`,
    `Commands:\n${columns(others)}`,
    `Global Options:\n${flagTable(globalFlags)}`,
    "Run 'berth COMMAND --help' for more information on a command.",
  ];
  write(fd, `${text.join('\n\n')}\n`);
}

export function printGroup(group: string, fd: 1 | 2): void {
  const members = commands
    .filter((entry) => !entry.hidden && entry.paths[0]!.startsWith(`${group} `))
    .map((entry): [string, string] => [entry.paths[0]!.slice(group.length + 1), entry.about])
    .sort(byName);
  const text = [
    `Usage:  berth ${group} COMMAND`,
    groups[group]!,
    `Commands:\n${columns(members)}`,
    `Run 'berth ${group} COMMAND --help' for more information on a command.`,
  ];
  write(fd, `${text.join('\n\n')}\n`);
}

export function printCommand(entry: CommandEntry, path: string, command: Command): void {
  const group = path.includes(' ') ? `${path.split(' ')[0]} ` : '';
  const shown = entry.paths.find((candidate) => candidate.startsWith(group)) ?? path;
  const text = [`Usage:  berth ${group ? shown : path} ${command.use}`.trimEnd(), entry.about];
  if (entry.paths.length > 1)
    text.push(`Aliases:\n  ${entry.paths.map((alias) => `berth ${alias}`).join(', ')}`);
  if (Object.keys(command.flags).length > 0) text.push(`Options:\n${flagTable(command.flags)}`);
  print(`${text.join('\n\n')}\n`);
}

function topName(entry: CommandEntry): string {
  return entry.paths.find((path) => !path.includes(' '))!;
}

function byName(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : 1;
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(11, ...rows.map(([name]) => name.length + 1));
  return rows.map(([name, about]) => `  ${name.padEnd(width)} ${about}`).join('\n');
}

/** The flags with their descriptions, folded to the terminal's width, as pflag lays them out. */
export function flagTable(flags: Flags): string {
  const rows = Object.entries(flags)
    .filter(([, flag]) => !flag.hidden)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, flag]) => ({ left: spelling(name, flag), right: description(flag) }));
  const indent = Math.max(...rows.map(({ left }) => left.length)) + 3;
  const width = process.stdout.columns || 80;
  return rows.map(({ left, right }) => `${left.padEnd(indent)}${fold(right, indent, width)}`).join('\n');
}

function spelling(name: string, flag: Flag<unknown>): string {
  const short = flag.short ? `  -${flag.short}, ` : '      ';
  return `${short}--${name}${flag.type ? ` ${flag.type}` : ''}`;
}

function description(flag: Flag<unknown>): string {
  return flag.shown === undefined ? flag.about : `${flag.about} (default ${flag.shown})`;
}

/** A line may be this much longer than it should, rather than leave a short rest alone. */
const SLACK = 5;

function fold(text: string, indent: number, width: number): string {
  const room = width - indent - SLACK;
  const lines: string[] = [];
  let rest = text;
  while (rest.length > room + SLACK && room > 0) {
    const head = rest.slice(0, room);
    const blank = Math.max(head.lastIndexOf(' '), head.lastIndexOf('\n'), head.lastIndexOf('\t'));
    if (blank <= 0) break;
    const newline = head.lastIndexOf('\n');
    const cut = newline > 0 && newline < blank ? newline : blank;
    lines.push(rest.slice(0, cut));
    rest = rest.slice(cut + 1);
  }
  lines.push(rest);
  return lines.join('\n').replaceAll('\n', `\n${' '.repeat(indent)}`);
}
