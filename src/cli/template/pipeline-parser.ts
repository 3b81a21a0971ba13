import { type ChainNode, type Command, describe, type Operand, type Pipeline } from './ast.ts';
import type { Cursor } from './cursor.ts';
import type { Token } from './lexer.ts';
import { MAX_NESTING } from './limits.ts';
import { parseNumber } from './literals.ts';
import { unquote } from './quote.ts';

/** Reads what stands inside an action: declarations, commands, operands. */
export class PipelineParser {
  readonly #cursor: Cursor;
  readonly #hasFunction: (name: string) => boolean;
  #depth = 0;
  /** Names of the variables in scope, the dollar sign included. */
  variables: string[] = ['$'];

  constructor(cursor: Cursor, hasFunction: (name: string) => boolean) {
    this.#cursor = cursor;
    this.#hasFunction = hasFunction;
  }

  /** Reads up to and including the closing token; `context` is what errors call the place. */
  pipeline(context: string, end: 'right delimiter' | 'right paren'): Pipeline {
    const { pos } = this.#cursor.peekNonSpace();
    const { variables, assigns } = this.#declarations(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#cursor.nextNonSpace();
      if (token.kind === end) break;
      if (!startsOperand(token)) this.#cursor.unexpected(token, context);
      this.#cursor.rewind();
      commands.push(this.#command());
    }
    this.#check(commands, context);
    return { kind: 'pipeline', pos, variables, assigns, commands };
  }

  /** The text of a quoted or raw string token. */
  stringValue(token: Token): string {
    return this.#orFail(() => unquote(token.text));
  }

  #declarations(context: string): { variables: string[]; assigns: boolean } {
    const variables: string[] = [];
    for (;;) {
      const token = this.#cursor.peekNonSpace();
      if (token.kind !== 'variable') return { variables, assigns: false };
      const mark = this.#cursor.mark();
      this.#cursor.next();
      const after = this.#cursor.peekNonSpace();
      if (after.kind === 'assign' || after.kind === 'declare') {
        this.#cursor.next();
        this.#declare(variables, token.text);
        return { variables, assigns: after.kind === 'assign' };
      }
      if (after.kind !== 'char' || after.text !== ',') {
        this.#cursor.rewind(mark);
        return { variables, assigns: false };
      }
      this.#cursor.next();
      this.#declare(variables, token.text);
      if (context !== 'range' || variables.length > 1) {
        this.#cursor.fail(`too many declarations in ${context}`);
      }
      const { kind } = this.#cursor.peekNonSpace();
      if (kind !== 'variable' && kind !== 'right delimiter' && kind !== 'right paren') {
        this.#cursor.fail('range can only initialize variables');
      }
    }
  }

  #declare(variables: string[], name: string): void {
    variables.push(name);
    this.variables.push(name);
  }

  #check(commands: readonly Command[], context: string): void {
    if (commands.length === 0) this.#cursor.fail(`missing value for ${context}`);
    for (const [index, command] of commands.entries()) {
      if (index > 0 && isConstant(command.operands[0])) {
        this.#cursor.fail(`non executable command in pipeline stage ${index + 1}`);
      }
    }
  }

  #command(): Command {
    const { pos } = this.#cursor.peekNonSpace();
    const operands: Operand[] = [];
    for (;;) {
      this.#cursor.peekNonSpace();
      const operand = this.#operand();
      if (operand !== undefined) operands.push(operand);
      const token = this.#cursor.next();
      if (token.kind === 'space') continue;
      if (token.kind === 'right delimiter' || token.kind === 'right paren') this.#cursor.rewind();
      else if (token.kind !== 'pipe') this.#cursor.unexpected(token, 'operand');
      break;
    }
    const [first, ...rest] = operands;
    if (first === undefined) return this.#cursor.fail('empty command');
    return { kind: 'command', pos, operands: [first, ...rest] };
  }

  #operand(): Operand | undefined {
    const term = this.#term();
    if (term === undefined || this.#cursor.peek().kind !== 'field') return term;
    const { pos } = this.#cursor.peek();
    const names: string[] = [];
    while (this.#cursor.peek().kind === 'field') names.push(this.#cursor.next().text.slice(1));
    return this.#chain(term, names, pos);
  }

  #chain(term: Operand, names: string[], pos: number): Operand {
    if (term.kind === 'field') return { kind: 'field', pos, names: [...term.names, ...names] };
    if (term.kind === 'variable') return { kind: 'variable', pos, names: [...term.names, ...names] };
    if (isConstant(term)) {
      return this.#cursor.fail(`unexpected . after term ${JSON.stringify(describe(term))}`);
    }
    return { kind: 'chain', pos, operand: term, names } satisfies ChainNode;
  }

  #term(): Operand | undefined {
    const token = this.#cursor.nextNonSpace();
    const { pos, text } = token;
    switch (token.kind) {
      case 'identifier':
        if (!this.#hasFunction(text)) this.#cursor.fail(`function "${text}" not defined`);
        return { kind: 'identifier', pos, name: text };
      case 'dot':
      case 'nil':
        return { kind: token.kind, pos };
      case 'variable':
        if (!this.variables.includes(text)) this.#cursor.fail(`undefined variable "${text}"`);
        return { kind: 'variable', pos, names: [text] };
      case 'field':
        return { kind: 'field', pos, names: [text.slice(1)] };
      case 'bool':
        return { kind: 'bool', pos, value: text === 'true' };
      case 'char constant':
      case 'number':
        return this.#orFail(() => parseNumber(token));
      case 'string':
        return { kind: 'string', pos, text, value: this.stringValue(token) };
      case 'left paren':
        return this.#parenthesized();
      default:
        this.#cursor.rewind();
        return undefined;
    }
  }

  #parenthesized(): Pipeline {
    if (this.#depth >= MAX_NESTING) this.#cursor.fail('max expression depth exceeded');
    this.#depth++;
    const pipeline = this.pipeline('parenthesized pipeline', 'right paren');
    this.#depth--;
    return pipeline;
  }

  #orFail<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      return this.#cursor.fail((error as Error).message);
    }
  }
}

function startsOperand(token: Token): boolean {
  switch (token.kind) {
    case 'bool':
    case 'char constant':
    case 'dot':
    case 'field':
    case 'identifier':
    case 'number':
    case 'nil':
    case 'string':
    case 'variable':
    case 'left paren':
      return true;
    default:
      return false;
  }
}

function isConstant(node: Operand): boolean {
  return ['bool', 'dot', 'nil', 'number', 'string'].includes(node.kind);
}
