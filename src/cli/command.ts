import type { Cli } from './cli.ts';
import { UsageError } from './errors.ts';
import type { Flags, FlagValues } from './flags.ts';

export interface Invocation<F extends Flags> {
  readonly values: FlagValues<F>;
  /** Names of the flags that were given. */
  readonly changed: ReadonlySet<string>;
  readonly args: readonly string[];
  readonly cli: Cli;
}

export interface Command<F extends Flags = Flags> {
  /** What follows the command's name in its usage line. */
  readonly use: string;
  readonly flags: F;
  readonly args: ArgumentRule;
  /** False when the first argument ends the flags. */
  readonly interspersed?: boolean;
  run(invocation: Invocation<F>): Promise<void>;
}

/** Keeps the types of the flags for `run`. */
export function defineCommand<F extends Flags>(command: Command<F>): Command<F> {
  return command;
}

/** Throws UsageError when there are too many or too few arguments. `name` is the command as the user typed it. */
export type ArgumentRule = (args: readonly string[], name: string) => void;

export function noArgs(args: readonly string[], name: string): void {
  if (args.length > 0) throw wrong(name, 'accepts no arguments', 'Run');
}

export function exactly(count: number): ArgumentRule {
  return (args, name) => {
    if (args.length !== count) throw wrong(name, `requires ${counted(count)}`, 'Run');
  };
}

export function atLeast(count: number): ArgumentRule {
  return (args, name) => {
    if (args.length < count) throw wrong(name, `requires at least ${counted(count)}`, 'See');
  };
}

export function atMost(count: number): ArgumentRule {
  return (args, name) => {
    if (args.length > count) throw wrong(name, `requires at most ${counted(count)}`, 'Run');
  };
}

export function between(least: number, most: number): ArgumentRule {
  return (args, name) => {
    if (args.length < least || args.length > most) {
      throw wrong(name, `requires at least ${least} and at most ${counted(most)}`, 'Run');
    }
  };
}

function counted(count: number): string {
  return count === 1 ? '1 argument' : `${count} arguments`;
}

function wrong(name: string, what: string, verb: string): UsageError {
  return new UsageError(`'berth ${name}' ${what}`, 1, {
    named: true,
    hint: `${verb} 'berth ${name} --help' for more information`,
  });
}
