import type { ControlNode, Statement, TemplateCall } from './ast.ts';
import { Evaluator } from './evaluator.ts';
import { formatValue } from './format.ts';
import { MAX_OUTPUT } from './limits.ts';
import type { Program } from './program.ts';
import { type Dictionary, isTrue, kindOf, sortedKeys } from './values.ts';

/** What a list of statements ended with. */
type Outcome = 'done' | 'break' | 'continue';

/** Runs a program on data and gives what it writes; throws TemplateError with Go's text. */
export function execute(program: Program, data: unknown): string {
  return new Executor(program, data ?? undefined).run();
}

class Executor {
  readonly #program: Program;
  readonly #evaluator: Evaluator;
  readonly #data: unknown;
  readonly #output: string[] = [];
  #written = 0;

  constructor(program: Program, data: unknown) {
    this.#program = program;
    this.#data = data;
    this.#evaluator = new Evaluator(program, data);
  }

  run(): string {
    this.#list(this.#data, this.#program.templates.get(this.#program.name)!);
    return this.#output.join('');
  }

  #list(dot: unknown, list: readonly Statement[]): Outcome {
    return this.#evaluator.nested(() => {
      for (const statement of list) {
        const outcome = this.#statement(dot, statement);
        if (outcome !== 'done') return outcome;
      }
      return 'done';
    });
  }

  #statement(dot: unknown, statement: Statement): Outcome {
    switch (statement.kind) {
      case 'text':
        this.#write(statement.text);
        return 'done';
      case 'action':
        this.#action(dot, statement);
        return 'done';
      case 'template':
        this.#template(dot, statement);
        return 'done';
      case 'break':
      case 'continue':
        return statement.kind;
      case 'range':
        return this.#scoped(() => this.#range(dot, statement));
      default:
        return this.#scoped(() => this.#branch(dot, statement));
    }
  }

  #action(dot: unknown, { pipeline }: Extract<Statement, { kind: 'action' }>): void {
    const value = this.#evaluator.pipeline(dot, pipeline);
    if (pipeline.variables.length > 0) return;
    this.#evaluator.at(pipeline);
    this.#write(value === undefined ? '<no value>' : this.#format(value));
  }

  #format(value: unknown): string {
    try {
      return formatValue(value);
    } catch (error) {
      return this.#evaluator.fail((error as Error).message);
    }
  }

  #write(text: string): void {
    this.#written += text.length;
    if (this.#written > MAX_OUTPUT) this.#evaluator.fail(`output is longer than ${MAX_OUTPUT} characters`);
    this.#output.push(text);
  }

  #template(dot: unknown, call: TemplateCall): void {
    this.#evaluator.at(call);
    const list = this.#program.templates.get(call.name);
    if (list === undefined) this.#evaluator.fail(`template "${call.name}" not defined`);
    const value = call.pipeline === undefined ? undefined : this.#evaluator.pipeline(dot, call.pipeline);
    this.#evaluator.inTemplate(call.name, value, () => this.#list(value, list));
  }

  #branch(dot: unknown, node: ControlNode): Outcome {
    const value = this.#evaluator.pipeline(dot, node.pipeline);
    if (isTrue(value)) return this.#list(node.kind === 'with' ? value : dot, node.body);
    return this.#list(dot, node.otherwise ?? []);
  }

  #range(dot: unknown, node: ControlNode): Outcome {
    const value = this.#evaluator.pipeline(dot, node.pipeline);
    let isEmpty = true;
    for (const [key, element] of this.#elements(value, node)) {
      isEmpty = false;
      if (this.#iteration(node, key, element) === 'break') break;
    }
    return isEmpty ? this.#list(dot, node.otherwise ?? []) : 'done';
  }

  *#elements(value: unknown, node: ControlNode): Generator<[unknown, unknown]> {
    switch (kindOf(value)) {
      case 'invalid':
      case 'nil':
        return;
      case 'slice':
        yield* (value as unknown[]).entries();
        return;
      case 'map':
        for (const key of sortedKeys(value as Dictionary)) yield [key, (value as Dictionary)[key]];
        return;
      case 'int': {
        if (node.pipeline.variables.length > 1) {
          this.#evaluator.fail(`can't use ${value} to iterate over more than one variable`);
        }
        for (let i = 0; i < Number(value); i++) yield [undefined, i];
        return;
      }
      default:
        this.#evaluator.fail(`range can't iterate over ${this.#format(value)}`);
    }
  }

  /** `range $element`, or `range $key, $element`. The pipeline has declared them already, outside the body. */
  #iteration(node: ControlNode, key: unknown, element: unknown): Outcome {
    const { variables } = node.pipeline;
    const { scope } = this.#evaluator;
    if (variables[0] !== undefined) scope.set(variables[0], variables.length > 1 ? key : element);
    if (variables[1] !== undefined) scope.set(variables[1], element);
    return this.#scoped(() => this.#list(element, node.body));
  }

  #scoped(body: () => Outcome): Outcome {
    const { scope } = this.#evaluator;
    const mark = scope.enter();
    const outcome = body();
    scope.leave(mark);
    return outcome;
  }
}
