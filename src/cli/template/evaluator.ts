import type { Command, FieldNode, IdentifierNode, Locatable, Operand, Pipeline } from './ast.ts';
import { describe } from './ast.ts';
import { FieldReader } from './fields.ts';
import { MAX_DEPTH, MAX_OUTPUT } from './limits.ts';
import type { Program } from './program.ts';
import { Scope } from './scope.ts';
import type { ParameterType } from './signature.ts';
import { isTrue, kindOf, typeName } from './values.ts';

/** Says that a command is not fed by one before it in a pipeline; Go tells that from a missing value, too. */
const NOTHING = Symbol('nothing');

/**
 * Evaluates pipelines. It remembers, as Go does, the node that it looked at last, since that is the node an error
 * names.
 */
export class Evaluator {
  readonly #program: Program;
  readonly #fields: FieldReader;
  #template: string;
  #node: Locatable | undefined;
  #depth = 0;
  scope: Scope;

  constructor(program: Program, root: unknown) {
    this.#program = program;
    this.#fields = new FieldReader(root, program.options);
    this.#template = program.name;
    this.scope = new Scope(root);
  }

  at(node: Locatable): void {
    this.#node = node;
  }

  fail(problem: string): never {
    throw this.#program.error(this.#template, this.#node, problem);
  }

  /** Runs `body` as a template of its own: with its name in errors, and no variable but `$`. */
  inTemplate(name: string, dot: unknown, body: () => void): void {
    const [scope, template, node] = [this.scope, this.#template, this.#node];
    this.scope = new Scope(dot);
    this.#template = name;
    body();
    this.scope = scope;
    this.#template = template;
    this.#node = node;
  }

  /** Runs `body` one level deeper, within the limit. */
  nested<T>(body: () => T): T {
    if (++this.#depth > MAX_DEPTH) this.fail(`exceeded maximum template depth (${MAX_DEPTH})`);
    const result = body();
    this.#depth--;
    return result;
  }

  pipeline(dot: unknown, pipeline: Pipeline): unknown {
    return this.nested(() => {
      this.at(pipeline);
      let value: unknown = NOTHING;
      for (const command of pipeline.commands) value = this.#command(dot, command, value);
      for (const name of pipeline.variables) {
        if (pipeline.assigns) this.#attempt(() => this.scope.set(name, value));
        else this.scope.declare(name, value);
      }
      return value;
    });
  }

  #command(dot: unknown, command: Command, final: unknown): unknown {
    const [first, ...args] = command.operands;
    switch (first.kind) {
      case 'field':
      case 'chain':
      case 'variable':
        return this.#fieldLike(dot, first, args, final);
      case 'identifier':
        return this.#function(dot, first, command, args, final);
      case 'pipeline':
        this.#refuseArguments(first, args, final);
        return this.pipeline(dot, first);
    }
    this.at(first);
    this.#refuseArguments(first, args, final);
    if (first.kind === 'nil') return this.fail('nil is not a command');
    return 'value' in first ? first.value : dot;
  }

  #refuseArguments(node: Operand, args: readonly Operand[], final: unknown): void {
    if (args.length > 0 || final !== NOTHING) {
      this.fail(`can't give argument to non-function ${describe(node)}`);
    }
  }

  /** A field, a chain or a variable, whose last name may be a method that takes the arguments. */
  #fieldLike(
    dot: unknown,
    node: FieldNode | Extract<Operand, { kind: 'chain' | 'variable' }>,
    args: readonly Operand[],
    final: unknown,
  ): unknown {
    this.at(node);
    let receiver = dot;
    let names = node.names;
    if (node.kind === 'variable') {
      receiver = this.#attempt(() => this.scope.get(node.names[0]));
      names = node.names.slice(1);
      if (names.length === 0) this.#refuseArguments(node, args, final);
    } else if (node.kind === 'chain') {
      receiver = this.#argument(dot, 'any', node.operand);
    }
    for (const [index, name] of names.entries()) {
      const last = index === names.length - 1;
      receiver = this.#field(dot, receiver, name, node, last ? args : [], last ? final : NOTHING);
    }
    return receiver;
  }

  #field(
    dot: unknown,
    receiver: unknown,
    name: string,
    node: Locatable,
    args: readonly Operand[],
    final: unknown,
  ): unknown {
    const value = this.#attempt(() => this.#fields.read(receiver, name));
    if (typeof value === 'function') {
      const values = args.map((arg) => this.#argument(dot, 'any', arg));
      if (final !== NOTHING) values.push(final);
      if (values.length < value.length) {
        this.fail(`wrong number of args for ${name}: want ${value.length} got ${values.length}`);
      }
      return this.#call(name, node, () => value.apply(receiver, values));
    }
    const refusesArguments = receiver !== undefined && (args.length > 0 || final !== NOTHING);
    if (refusesArguments) this.fail(`${name} is not a method but has arguments`);
    return value;
  }

  #function(
    dot: unknown,
    identifier: IdentifierNode,
    node: Locatable,
    args: readonly Operand[],
    final: unknown,
  ): unknown {
    const { name } = identifier;
    this.at(identifier);
    const signature = this.#program.function(name);
    if (signature === undefined) return this.#shortCircuit(dot, name === 'or', args, final);
    const { parameters, variadic, call } = signature;
    const given = args.length + (final === NOTHING ? 0 : 1);
    if (variadic ? given < parameters.length : given !== parameters.length) {
      const want = variadic
        ? `at least ${parameters.length} got ${args.length}`
        : `${parameters.length} got ${given}`;
      this.fail(`wrong number of args for ${name}: want ${want}`);
    }
    const values = args.map((arg, index) => this.#argument(dot, parameters[index] ?? 'any', arg));
    if (final !== NOTHING) values.push(this.#checked(final, parameters[args.length] ?? 'any'));
    return this.#call(name, node, () => call(values));
  }

  /** `and` gives the first argument that is false, `or` the first that is true, else the last. */
  #shortCircuit(dot: unknown, stopsAt: boolean, args: readonly Operand[], final: unknown): unknown {
    const name = stopsAt ? 'or' : 'and';
    if (args.length === 0 && final === NOTHING)
      this.fail(`wrong number of args for ${name}: want at least 1 got 0`);
    let value: unknown;
    for (const arg of args) {
      value = this.#argument(dot, 'any', arg);
      if (isTrue(value) === stopsAt) return value;
    }
    return final === NOTHING ? value : final;
  }

  #call(name: string, node: Locatable, call: () => unknown): unknown {
    let value: unknown;
    try {
      value = call();
    } catch (error) {
      this.at(node);
      this.fail(`error calling ${name}: ${error instanceof Error ? error.message : error}`);
    }
    if (typeof value === 'string' && value.length > MAX_OUTPUT) {
      this.fail(`error calling ${name}: result is longer than ${MAX_OUTPUT} characters`);
    }
    return value;
  }

  #argument(dot: unknown, type: ParameterType, node: Operand): unknown {
    this.at(node);
    switch (node.kind) {
      case 'dot':
        return this.#checked(dot, type);
      case 'nil':
        if (type === 'string' || type === 'int') this.fail(`cannot assign nil to ${type}`);
        return this.#checked(null, type);
      case 'field':
      case 'chain':
      case 'variable':
        return this.#checked(this.#fieldLike(dot, node, [], NOTHING), type);
      case 'pipeline':
        return this.#checked(this.pipeline(dot, node), type);
      case 'identifier':
        return this.#checked(this.#function(dot, node, node, [], NOTHING), type);
    }
    if (type === '[]string') this.fail(`can't handle ${describe(node)} for arg of type []string`);
    if (type === 'string' && node.kind !== 'string') this.fail(`expected string; found ${describe(node)}`);
    if (type === 'int' && kindOf(node.value) !== 'int')
      this.fail(`expected integer; found ${describe(node)}`);
    return node.value;
  }

  #checked(value: unknown, type: ParameterType): unknown {
    if (type === 'any') return value;
    if (type === '[]string') {
      if (Array.isArray(value)) return value;
      if (value === undefined || value === null) return [];
    } else if (value === undefined) this.fail(`invalid value; expected ${type}`);
    else if (kindOf(value) === type) return type === 'int' ? Number(value) : value;
    const got = value === null ? 'interface {}' : typeName(value);
    return this.fail(`wrong type for value; expected ${type}; got ${got}`);
  }

  #attempt<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      return this.fail((error as Error).message);
    }
  }
}
