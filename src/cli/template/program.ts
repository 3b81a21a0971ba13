import { describe, type Locatable } from './ast.ts';
import { BUILTINS } from './builtins.ts';
import { DOCKER_FUNCTIONS } from './docker-functions.ts';
import { TemplateError } from './errors.ts';
import type { TemplateOptions } from './options.ts';
import { parse, type TemplateSet } from './parser.ts';
import { quote } from './quote.ts';
import type { Signature } from './signature.ts';
import { utf8 } from './values.ts';

/** A template that has been read, with the functions it may call. */
export class Program {
  readonly name: string;
  readonly options: TemplateOptions;
  readonly templates: TemplateSet;
  readonly #source: string;

  constructor(source: string, options: TemplateOptions) {
    this.name = options.name ?? '';
    this.options = options;
    this.#source = source;
    this.templates = parse(
      this.name,
      source,
      (name) => name === 'and' || name === 'or' || this.function(name) !== undefined,
    );
  }

  /** The function of that name: the caller's, else Docker's, else Go's. */
  function(name: string): Signature | undefined {
    const own = ownEntry(this.options.functions, name);
    if (own === undefined) return ownEntry(DOCKER_FUNCTIONS, name) ?? ownEntry(BUILTINS, name);
    return { parameters: [], variadic: true, call: (args) => own(...(args as never[])) };
  }

  /** Go's message for a failure at `node` while `template` ran; columns count bytes. */
  error(template: string, node: Locatable | undefined, problem: string): TemplateError {
    if (node === undefined) return new TemplateError('execute', `template: ${template}: ${problem}`);
    const before = this.#source.slice(0, node.pos).split('\n');
    const place = `${this.name}:${before.length}:${utf8(before.at(-1)!).length}`;
    const where = `executing ${quote(template)} at <${describe(node)}>`;
    return new TemplateError('execute', `template: ${place}: ${where}: ${problem}`);
  }
}

function ownEntry<T>(table: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
}
