import { formatVerb } from './format.ts';
import { type Directive, PLAIN } from './format-number.ts';
import { MAX_FIELD_WIDTH } from './limits.ts';
import { kindOf, typeName } from './values.ts';

const DIRECTIVE = /%([-+# 0]*)(\*|\d+)?(?:(\.)(?=.)(\*|\d+)?)?(.?)/gsu;

/** Go's fmt.Sprintf, without indexes such as `%[1]d`. Mistakes show in the text, as in Go, and never throw. */
export function sprintf(format: string, args: readonly unknown[]): string {
  const operands = new Operands(args);
  const text = format.replace(DIRECTIVE, (_, flags, width, point, precision, verb) =>
    new Verb(operands, flags).format(width, point, precision, verb),
  );
  return text + operands.extra();
}

/** The arguments, each taken once and in order. */
class Operands {
  readonly #args: readonly unknown[];
  #next = 0;

  constructor(args: readonly unknown[]) {
    this.#args = args;
  }

  get isSpent(): boolean {
    return this.#next >= this.#args.length;
  }

  take(): unknown {
    return this.#args[this.#next++];
  }

  extra(): string {
    if (this.isSpent) return '';
    const described = this.#args.slice(this.#next).map((value) => {
      const type = typeName(value);
      return type === '<nil>' ? type : `${type}=${formatVerb(value, 'v', PLAIN)}`;
    });
    return `%!(EXTRA ${described.join(', ')})`;
  }
}

class Verb {
  readonly #operands: Operands;
  readonly #flags: string;
  #complaints = '';

  constructor(operands: Operands, flags: string) {
    this.#operands = operands;
    this.#flags = flags;
  }

  format(width: string | undefined, point: string | undefined, precision: string | undefined, verb: string) {
    const directive = this.#directive(this.#number(width, 'WIDTH'), this.#precision(point, precision));
    if (verb === '') return `${this.#complaints}%!(NOVERB)`;
    if (verb === '%') return `${this.#complaints}%`;
    if (this.#operands.isSpent) return `${this.#complaints}%!${verb}(MISSING)`;
    const value = this.#operands.take();
    if (verb === 'T') return this.#complaints + formatVerb(typeName(value), 's', directive);
    // Under %+v and %#v the flag is for structs, which JSON has none of.
    const flags = verb === 'v' ? { ...directive, plus: false, sharp: false } : directive;
    return this.#complaints + formatVerb(value, verb, flags);
  }

  #directive(width: number | undefined, precision: number | undefined): Directive {
    const has = (flag: string): boolean => this.#flags.includes(flag);
    // A negative width, which only `*` can give, means left-justified.
    const minus = has('-') || (width ?? 0) < 0;
    return {
      minus,
      plus: has('+'),
      sharp: has('#'),
      space: has(' '),
      zero: has('0') && !minus,
      width: width === undefined ? undefined : Math.abs(width),
      precision: (precision ?? 0) < 0 ? undefined : precision,
    };
  }

  #precision(point: string | undefined, text: string | undefined): number | undefined {
    return point === undefined ? undefined : text === undefined ? 0 : this.#number(text, 'PREC');
  }

  #number(text: string | undefined, what: 'WIDTH' | 'PREC'): number | undefined {
    if (text === undefined) return undefined;
    const value = text === '*' ? this.#operands.take() : Number(text);
    if (kindOf(value) === 'int' && Math.abs(Number(value)) <= MAX_FIELD_WIDTH) return Number(value);
    this.#complaints += `%!(BAD${what})`;
    return undefined;
  }
}
