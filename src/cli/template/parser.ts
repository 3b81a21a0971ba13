import type { ControlNode, Pipeline, Statement, TemplateCall } from './ast.ts';
import { Cursor } from './cursor.ts';
import type { Token } from './lexer.ts';
import { MAX_NESTING } from './limits.ts';
import { PipelineParser } from './pipeline-parser.ts';

/** The templates of one source by name; the one under the source's own name is what runs first. */
export type TemplateSet = ReadonlyMap<string, readonly Statement[]>;

/** `{{end}}` or `{{else}}`, which close a list of statements. */
interface Closing {
  readonly kind: 'end' | 'else';
}

/**
 * Reads a template and the templates defined in it.
 * Throws TemplateError with the text and line of Go's text/template.
 */
export function parse(name: string, source: string, hasFunction: (name: string) => boolean): TemplateSet {
  return new Parser(name, source, hasFunction).run();
}

class Parser {
  readonly #name: string;
  readonly #cursor: Cursor;
  readonly #pipelines: PipelineParser;
  readonly #templates = new Map<string, readonly Statement[]>();
  #rangeDepth = 0;
  #depth = 0;

  constructor(name: string, source: string, hasFunction: (name: string) => boolean) {
    this.#name = name;
    this.#cursor = new Cursor(name, source);
    this.#pipelines = new PipelineParser(this.#cursor, hasFunction);
  }

  run(): TemplateSet {
    const root: Statement[] = [];
    while (this.#cursor.peek().kind !== 'eof') {
      if (this.#isDefinition()) {
        this.#definition();
        continue;
      }
      const statement = this.#statement();
      if (isClosing(statement)) this.#cursor.fail(`unexpected {{${statement.kind}}}`);
      root.push(statement);
    }
    this.#add(this.#name, root);
    return this.#templates;
  }

  /** Steps over `{{define` when it comes next. */
  #isDefinition(): boolean {
    const mark = this.#cursor.mark();
    if (this.#cursor.next().kind === 'left delimiter' && isKeyword(this.#cursor.nextNonSpace(), 'define')) {
      return true;
    }
    this.#cursor.rewind(mark);
    return false;
  }

  #definition(): void {
    const token = this.#cursor.expect('string', 'define clause');
    const name = this.#pipelines.stringValue(token);
    this.#cursor.expect('right delimiter', 'define clause');
    this.#add(name, this.#ownScope('define clause'));
  }

  /** A list that sees no variable and no range from outside, and ends with `{{end}}`. */
  #ownScope(context: string): Statement[] {
    const [variables, rangeDepth] = [this.#pipelines.variables, this.#rangeDepth];
    this.#pipelines.variables = ['$'];
    this.#rangeDepth = 0;
    this.#cursor.beginAction(undefined);
    const { list, closing } = this.#list();
    if (closing.kind !== 'end') this.#cursor.fail(`unexpected {{else}} in ${context}`);
    this.#pipelines.variables = variables;
    this.#rangeDepth = rangeDepth;
    return list;
  }

  /** Blank definitions give way to others, as they do in Go. */
  #add(name: string, list: readonly Statement[]): void {
    const present = this.#templates.get(name);
    if (present === undefined || isBlank(present)) this.#templates.set(name, list);
    else if (!isBlank(list)) this.#cursor.fail(`template: multiple definition of template "${name}"`);
  }

  #list(): { list: Statement[]; closing: Closing } {
    if (++this.#depth > MAX_NESTING) this.#cursor.fail('max nesting depth exceeded');
    const list: Statement[] = [];
    while (this.#cursor.peekNonSpace().kind !== 'eof') {
      const statement = this.#statement();
      if (isClosing(statement)) {
        this.#depth--;
        return { list, closing: statement };
      }
      list.push(statement);
    }
    return this.#cursor.fail('unexpected EOF');
  }

  #statement(): Statement | Closing {
    const token = this.#cursor.nextNonSpace();
    if (token.kind === 'text') return { kind: 'text', text: token.text };
    if (token.kind !== 'left delimiter') this.#cursor.unexpected(token, 'input');
    this.#cursor.beginAction(token);
    const statement = this.#action();
    this.#cursor.beginAction(undefined);
    return statement;
  }

  #action(): Statement | Closing {
    const token = this.#cursor.nextNonSpace();
    switch (token.kind === 'keyword' ? token.text : '') {
      case 'block':
        return this.#block();
      case 'break':
      case 'continue':
        return this.#leaveRange(token.text as 'break' | 'continue');
      case 'else':
        return this.#else();
      case 'end':
        this.#cursor.expect('right delimiter', 'end');
        return { kind: 'end' };
      case 'if':
      case 'range':
      case 'with':
        return this.#control(token.text as ControlNode['kind']);
      case 'template':
        return this.#templateCall();
    }
    this.#cursor.rewind();
    return { kind: 'action', pipeline: this.#pipelines.pipeline('command', 'right delimiter') };
  }

  #leaveRange(kind: 'break' | 'continue'): Statement {
    const token = this.#cursor.nextNonSpace();
    if (token.kind !== 'right delimiter') this.#cursor.unexpected(token, `{{${kind}}}`);
    if (this.#rangeDepth === 0) this.#cursor.fail(`{{${kind}}} outside {{range}}`);
    return { kind };
  }

  /** Leaves the keyword of `{{else if` and `{{else with` to the control that the branch belongs to. */
  #else(): Closing {
    const next = this.#cursor.peekNonSpace();
    if (!isKeyword(next, 'if') && !isKeyword(next, 'with')) this.#cursor.expect('right delimiter', 'else');
    return { kind: 'else' };
  }

  #control(kind: ControlNode['kind']): ControlNode {
    const outerVariables = this.#pipelines.variables.length;
    const pipeline = this.#pipelines.pipeline(kind, 'right delimiter');
    if (kind === 'range') this.#rangeDepth++;
    const { list: body, closing } = this.#list();
    if (kind === 'range') this.#rangeDepth--;
    const otherwise = closing.kind === 'else' ? this.#otherwise(kind) : undefined;
    this.#pipelines.variables.length = outerVariables;
    return { kind, pipeline, body, otherwise };
  }

  #otherwise(kind: ControlNode['kind']): Statement[] {
    if (kind !== 'range' && isKeyword(this.#cursor.peek(), kind)) {
      this.#cursor.next();
      return [this.#elseControl(kind)];
    }
    const { list, closing } = this.#list();
    if (closing.kind !== 'end') this.#cursor.fail('expected end; found {{else}}');
    return list;
  }

  #elseControl(kind: ControlNode['kind']): ControlNode {
    if (++this.#depth > MAX_NESTING) this.#cursor.fail('max nesting depth exceeded');
    const control = this.#control(kind);
    this.#depth--;
    return control;
  }

  #block(): TemplateCall {
    const token = this.#cursor.nextNonSpace();
    const name = this.#templateName(token, 'block clause');
    const pipeline = this.#pipelines.pipeline('block clause', 'right delimiter');
    this.#add(name, this.#ownScope('block clause'));
    return { kind: 'template', pos: token.pos, name, pipeline };
  }

  #templateCall(): TemplateCall {
    const token = this.#cursor.nextNonSpace();
    const name = this.#templateName(token, 'template clause');
    let pipeline: Pipeline | undefined;
    if (this.#cursor.nextNonSpace().kind !== 'right delimiter') {
      this.#cursor.rewind();
      pipeline = this.#pipelines.pipeline('template clause', 'right delimiter');
    }
    return { kind: 'template', pos: token.pos, name, pipeline };
  }

  #templateName(token: Token, context: string): string {
    if (token.kind !== 'string') this.#cursor.unexpected(token, context);
    return this.#pipelines.stringValue(token);
  }
}

function isKeyword(token: Token, word: string): boolean {
  return token.kind === 'keyword' && token.text === word;
}

function isClosing(statement: Statement | Closing): statement is Closing {
  return statement.kind === 'end' || statement.kind === 'else';
}

function isBlank(list: readonly Statement[]): boolean {
  return list.every((statement) => statement.kind === 'text' && statement.text.trim() === '');
}
