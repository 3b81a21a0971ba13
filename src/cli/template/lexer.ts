import { describeRune, quote } from './quote.ts';

export type TokenKind =
  | 'text'
  | 'left delimiter'
  | 'right delimiter'
  | 'space'
  | 'assign'
  | 'declare'
  | 'pipe'
  | 'string'
  | 'char constant'
  | 'number'
  | 'variable'
  | 'field'
  | 'dot'
  | 'identifier'
  | 'bool'
  | 'nil'
  | 'keyword'
  | 'left paren'
  | 'right paren'
  | 'char'
  | 'eof'
  | 'error';

/** A piece of a template; `pos` counts UTF-16 units from the source's start. An error's text is its message. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly pos: number;
}

const KEYWORDS = new Set(
  'block break continue define else end if range template with'.split(' '), // nil and true have kinds of their own
);
const PLAIN: Record<string, TokenKind> = {
  '=': 'assign',
  '|': 'pipe',
  '(': 'left paren',
  ')': 'right paren',
};

const LEFT_TRIM = /\{\{-[ \t\r\n]/y;
const RIGHT = /(?:[ \t\r\n]-)?\}\}/y;
const SPACE = /[ \t\r\n]+/y;
const WORD = /[\p{L}\p{Nd}_]*/uy;
const DIGIT = /\.?[0-9]/y;
const NUMBER =
  /[+-]?(?:0[xX][\da-fA-F_]*(?:\.[\da-fA-F_]*)?(?:[pP][+-]?[\d_]*)?|0[oO][0-7_]*|0[bB][01_]*|[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?[\d_]*)?)i?/y;
const QUOTED: Record<string, { pattern: RegExp; kind: TokenKind; what: string }> = {
  '"': { pattern: /"(?:[^"\\\n]|\\[^\n])*"/y, kind: 'string', what: 'quoted string' },
  "'": { pattern: /'(?:[^'\\\n]|\\[^\n])*'/y, kind: 'char constant', what: 'character constant' },
  '`': { pattern: /`[^`]*`/y, kind: 'string', what: 'raw quoted string' },
};

/** Cuts a template into tokens. The last one is `eof`, or `error` where the source cannot be read on. */
export function lex(source: string): Token[] {
  return new Lexer(source).run();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #pos = 0;
  #parens = 0;

  constructor(source: string) {
    this.#source = source;
  }

  run(): Token[] {
    try {
      this.#template();
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.#tokens.push({ kind: 'error', text: error.message, pos: this.#pos });
    }
    return this.#tokens;
  }

  #template(): void {
    for (;;) {
      const open = this.#source.indexOf('{{', this.#pos);
      this.#text(open < 0 ? this.#source.length : open);
      if (open < 0) break;
      this.#action();
    }
    this.#emit('eof', this.#pos);
  }

  #text(end: number): void {
    const text = this.#source.slice(this.#pos, end);
    const kept = this.#match(LEFT_TRIM, end) === undefined ? text : text.replace(/[ \t\r\n]+$/, '');
    if (kept !== '') this.#emit('text', this.#pos + kept.length);
    this.#pos = end;
  }

  #action(): void {
    const afterMarker = this.#pos + (this.#match(LEFT_TRIM) === undefined ? 2 : 4);
    if (this.#source.startsWith('/*', afterMarker)) {
      this.#pos = afterMarker;
      this.#comment();
      return;
    }
    this.#emit('left delimiter', this.#pos + 2);
    this.#pos = afterMarker;
    this.#parens = 0;
    while (!this.#rightDelimiter()) this.#inside();
  }

  #comment(): void {
    const close = this.#source.indexOf('*/', this.#pos + 2);
    if (close < 0) this.#fail('unclosed comment');
    const right = this.#match(RIGHT, close + 2);
    if (right === undefined) this.#fail('comment ends before closing delimiter');
    this.#pos = close + 2;
    this.#close(right);
  }

  #rightDelimiter(): boolean {
    const right = this.#match(RIGHT);
    if (right === undefined) return false;
    if (this.#parens > 0) this.#fail('unclosed left paren');
    const start = this.#pos + right.length - 2;
    this.#tokens.push({ kind: 'right delimiter', text: '}}', pos: start });
    this.#close(right);
    return true;
  }

  /** Steps over a right delimiter, and over the space behind it when it has a trim marker. */
  #close(right: string): void {
    this.#pos += right.length;
    if (right.length > 2) this.#pos += this.#match(SPACE)?.length ?? 0;
  }

  #inside(): void {
    if (this.#pos >= this.#source.length) this.#fail('unclosed action');
    const char = this.#charAt(this.#pos);
    const space = this.#match(SPACE);
    const quoted = QUOTED[char];
    if (space !== undefined) this.#space(space);
    else if (quoted !== undefined) this.#quoted(quoted);
    else if (char === ':') this.#declare();
    else if (char === '$') this.#name('variable');
    else if (this.#startsNumber(char)) this.#number();
    else if (char === '.') this.#name('field');
    else if (this.#match(WORD) !== '') this.#word();
    else this.#symbol(char);
  }

  /** A dot at the very end starts a number, too: that is how Go comes to its message. */
  #startsNumber(char: string): boolean {
    const isLastDot = char === '.' && this.#pos === this.#source.length - 1;
    return isLastDot || char === '+' || char === '-' || this.#match(DIGIT) !== undefined;
  }

  /** The last space before `-}}` belongs to the trim marker. */
  #space(space: string): void {
    const marked = this.#match(RIGHT, this.#pos + space.length - 1) !== undefined;
    this.#emit('space', this.#pos + space.length - (marked ? 1 : 0));
  }

  #quoted(form: (typeof QUOTED)[string]): void {
    const literal = this.#match(form.pattern);
    if (literal === undefined) this.#fail(`unterminated ${form.what}`);
    else this.#emit(form.kind, this.#pos + literal.length);
  }

  #declare(): void {
    if (this.#source[this.#pos + 1] === '=') this.#emit('declare', this.#pos + 2);
    else this.#fail('expected :=');
  }

  #name(kind: 'variable' | 'field'): void {
    const word = this.#match(WORD, this.#pos + 1) ?? '';
    const end = this.#pos + 1 + word.length;
    if (!this.#endsWord(end)) this.#fail(`bad character ${this.#runeAt(end)}`);
    this.#emit(kind === 'field' && word === '' ? 'dot' : kind, end);
  }

  #word(): void {
    const word = this.#match(WORD) ?? '';
    const end = this.#pos + word.length;
    if (!this.#endsWord(end)) this.#fail(`bad character ${this.#runeAt(end)}`);
    if (KEYWORDS.has(word)) this.#emit('keyword', end);
    else if (word === 'nil') this.#emit('nil', end);
    else this.#emit(word === 'true' || word === 'false' ? 'bool' : 'identifier', end);
  }

  #number(): void {
    const number = this.#match(NUMBER) ?? '';
    const end = this.#pos + number.length;
    if (/[+-]/.test(this.#source[end] ?? '')) this.#badNumber(end + (this.#match(NUMBER, end)?.length ?? 0));
    if (this.#match(WORD, end) !== '') this.#badNumber(end + this.#charAt(end).length);
    this.#emit('number', end);
  }

  #badNumber(end: number): never {
    this.#fail(`bad number syntax: ${quote(this.#source.slice(this.#pos, end))}`);
  }

  #symbol(char: string): void {
    if (char === '(') this.#parens++;
    if (char === ')' && --this.#parens < 0) this.#fail('unexpected right paren');
    if (!/^[ -~]$/.test(char)) this.#fail(`unrecognized character in action: ${describeRune(char)}`);
    this.#emit(PLAIN[char] ?? 'char', this.#pos + 1);
  }

  #endsWord(pos: number): boolean {
    return (
      pos >= this.#source.length ||
      ' \t\r\n.,|:)('.includes(this.#source[pos]!) ||
      this.#source.startsWith('}}', pos)
    );
  }

  #charAt(pos: number): string {
    return String.fromCodePoint(this.#source.codePointAt(pos)!);
  }

  #runeAt(pos: number): string {
    return describeRune(this.#charAt(pos));
  }

  #match(pattern: RegExp, pos = this.#pos): string | undefined {
    pattern.lastIndex = pos;
    return pattern.exec(this.#source)?.[0];
  }

  #emit(kind: TokenKind, end: number): void {
    const text = kind === 'eof' ? 'EOF' : this.#source.slice(this.#pos, end);
    this.#tokens.push({ kind, text, pos: this.#pos });
    this.#pos = end;
  }

  #fail(message: string): never {
    throw new Unreadable(message);
  }
}

/** Ends the reading of the source; becomes the error token. */
class Unreadable extends Error {}
