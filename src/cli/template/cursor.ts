import { TemplateError } from './errors.ts';
import { lex, type Token, type TokenKind } from './lexer.ts';
import { quote } from './quote.ts';

/** The parser's place among the tokens, and the errors that name that place. */
export class Cursor {
  readonly #name: string;
  readonly #source: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  /** The furthest token looked at: Go names its line in every error. */
  #furthest = 0;
  /** Where the action that is being read began; an error on a later line says so. */
  #actionStart: Token | undefined;

  constructor(name: string, source: string) {
    this.#name = name;
    this.#source = source;
    this.#tokens = lex(source);
  }

  next(): Token {
    const token = this.peek();
    this.#next++;
    return token;
  }

  peek(): Token {
    const index = Math.min(this.#next, this.#tokens.length - 1);
    this.#furthest = Math.max(this.#furthest, index);
    return this.#tokens[index]!;
  }

  nextNonSpace(): Token {
    this.#skipSpace();
    return this.next();
  }

  peekNonSpace(): Token {
    this.#skipSpace();
    return this.peek();
  }

  /** A mark to give to `rewind`. */
  mark(): number {
    return this.#next;
  }

  rewind(mark = this.#next - 1): void {
    this.#next = mark;
  }

  beginAction(token: Token | undefined): void {
    this.#actionStart = token;
  }

  expect(kind: TokenKind, context: string): Token {
    const token = this.nextNonSpace();
    if (token.kind !== kind) this.unexpected(token, context);
    return token;
  }

  unexpected(token: Token, context: string): never {
    if (token.kind !== 'error') this.fail(`unexpected ${describeToken(token)} in ${context}`);
    const start = this.#actionStart;
    if (start === undefined || this.#line(start) === this.#line(token)) this.fail(token.text);
    const place = ` started at ${this.#name}:${this.#line(start)}`;
    this.fail(token.text.endsWith(' action') ? token.text + place : `${token.text} in action${place}`);
  }

  fail(problem: string): never {
    const line = this.#line(this.#tokens[this.#furthest]!);
    throw new TemplateError('parse', `template: ${this.#name}:${line}: ${problem}`);
  }

  #skipSpace(): void {
    while (this.peek().kind === 'space') this.#next++;
  }

  #line(token: Token): number {
    return this.#source.slice(0, token.pos).split('\n').length;
  }
}

function describeToken(token: Token): string {
  switch (token.kind) {
    case 'eof':
    case 'error':
      return token.text;
    case 'keyword':
    case 'dot':
    case 'nil':
      return `<${token.text}>`;
  }
  if (new TextEncoder().encode(token.text).length <= 10) return quote(token.text);
  return `${quote(Array.from(token.text).slice(0, 10).join(''))}...`;
}
