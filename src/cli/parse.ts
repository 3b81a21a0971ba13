import { UsageError } from './errors.ts';
import type { Flag, Flags, FlagValues } from './flags.ts';

export interface Parsed<F extends Flags> {
  readonly values: FlagValues<F>;
  /** Names of the flags that were given. */
  readonly changed: ReadonlySet<string>;
  readonly args: readonly string[];
  /** Whether help was asked for. */
  readonly help: boolean;
  /** It was asked for by `-h`, which is on its way out. */
  readonly helpByShorthand: boolean;
}

export interface ParseOptions {
  /** False: the first argument that is no flag ends the flags, as in `run IMAGE command --with its own flags`. */
  readonly interspersed?: boolean | undefined;
}

/**
 * Reads a command line by the rules of GNU long options as pflag knows them: `--flag value`, `--flag=value`, switches
 * without a value, bundled short flags of which the last may take the rest as its value, `--` as the end of all flags.
 * Throws UsageError.
 */
export function parseFlags<F extends Flags>(
  flags: F,
  argv: readonly string[],
  options: ParseOptions = {},
): Parsed<F> {
  return new Parser<F>(flags, argv, options.interspersed ?? true).run();
}

class Parser<F extends Flags> {
  readonly #flags: F;
  readonly #argv: readonly string[];
  readonly #interspersed: boolean;
  readonly #values: Record<string, unknown> = {};
  readonly #changed = new Set<string>();
  readonly #args: string[] = [];
  #at = 0;
  #help = false;
  #helpByShorthand = false;

  constructor(flags: F, argv: readonly string[], interspersed: boolean) {
    this.#flags = flags;
    this.#argv = argv;
    this.#interspersed = interspersed;
    for (const [name, flag] of Object.entries(flags)) this.#values[name] = flag.initial;
  }

  run(): Parsed<F> {
    while (this.#at < this.#argv.length && !this.#help) {
      const word = this.#argv[this.#at++]!;
      if (word === '--') {
        this.#args.push(...this.#argv.slice(this.#at));
        break;
      }
      if (word.startsWith('--')) this.#long(word);
      else if (word.startsWith('-') && word.length > 1) this.#short(word);
      else if (this.#interspersed) this.#args.push(word);
      else {
        this.#args.push(word, ...this.#argv.slice(this.#at));
        break;
      }
    }
    return {
      values: this.#values as FlagValues<F>,
      changed: this.#changed,
      args: this.#args,
      help: this.#help,
      helpByShorthand: this.#helpByShorthand,
    };
  }

  #long(word: string): void {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
    if (name === '' || name.startsWith('-')) throw new UsageError(`bad flag syntax: ${word}`, 125);
    const flag = Object.hasOwn(this.#flags, name) ? this.#flags[name] : undefined;
    if (flag) this.#set(name, flag, equals < 0 ? this.#valueOf(flag, `--${name}`) : word.slice(equals + 1));
    else if (name === 'help') this.#help = equals < 0 || word.slice(equals + 1) === 'true';
    else throw new UsageError(`unknown flag: --${name}`, 125);
  }

  #short(word: string): void {
    for (let rest = word.slice(1); rest !== ''; ) {
      const letter = rest[0]!;
      const [name, flag] = Object.entries(this.#flags).find(([, f]) => f.short === letter) ?? [];
      if (name === undefined || !flag) {
        if (letter !== 'h') throw new UsageError(`unknown shorthand flag: '${letter}' in -${rest}`, 125);
        this.#help = true;
        this.#helpByShorthand = true;
        return;
      }
      if (rest.length > 1 && rest[1] === '=') {
        this.#set(name, flag, rest.slice(2));
        return;
      }
      if (flag.implied === undefined && rest.length > 1) {
        this.#set(name, flag, rest.slice(1));
        return;
      }
      this.#set(name, flag, this.#valueOf(flag, `'${letter}' in -${rest}`));
      rest = rest.slice(1);
    }
  }

  #valueOf(flag: Flag<unknown>, name: string): string {
    if (flag.implied !== undefined) return flag.implied;
    const value = this.#argv[this.#at++];
    if (value === undefined) throw new UsageError(`flag needs an argument: ${name}`, 125);
    return value;
  }

  #set(name: string, flag: Flag<unknown>, text: string): void {
    try {
      this.#values[name] = flag.read(text, this.#values[name]);
    } catch (error) {
      const spelled = flag.short ? `-${flag.short}, --${name}` : `--${name}`;
      throw new UsageError(
        `invalid argument ${quote(text)} for "${spelled}" flag: ${(error as Error).message}`,
        125,
      );
    }
    this.#changed.add(name);
  }
}

/** A text as Go's %q shows it. */
export function quote(text: string): string {
  return JSON.stringify(text);
}
