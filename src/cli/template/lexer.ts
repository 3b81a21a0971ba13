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
  #failed = false;

  constructor(source: string) {
    this.#source = source;
  }

  run(): Token[] {
    while (!this.#failed) {
      const open = this.#source.indexOf('{{', this.#pos);
      this.#text(open < 0 ? this.#source.length : open);
      if (open < 0) {
        this.#emit('eof', this.#pos);
        break;
      }
      this.#action();
    }
    return this.#tokens;
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
    while (!this.#failed && !this.#rightDelimiter()) this.#inside();
  }

  #comment(): void {
    const close = this.#source.indexOf('*/', this.#pos + 2);
    if (close < 0) return this.#fail('unclosed comment');
    const right = this.#match(RIGHT, close + 2);
    if (right === undefined) return this.#fail('comment ends before closing delimiter');
    this.#pos = close + 2;
    this.#close(right);
  }

  #rightDelimiter(): boolean {
    const right = this.#match(RIGHT);
    if (right === undefined) return false;
    if (this.#parens > 0) {
      this.#fail('unclosed left paren');
      return true;
    }
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
    const char = String.fromCodePoint(this.#source.codePointAt(this.#pos) ?? 0);
    if (this.#pos >= this.#source.length) return this.#fail('unclosed action');
    const space = this.#match(SPACE);
    if (space !== undefined) return this.#space(space);
    const quoted = QUOTED[char];
    if (quoted !== undefined) return this.#quoted(quoted);
    if (char === ':') return this.#declare();
    if (char === '$') return this.#name('variable', '$');
    const isNumber = this.#match(DIGIT) !== undefined || char === '+' || char === '-';
    if (isNumber || this.#source.slice(this.#pos) === '.') return this.#number();
    if (char === '.') return this.#name('field', '.');
    if (this.#match(WORD) !== '') return this.#word();
    this.#symbol(char);
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

  #name(kind: 'variable' | 'field', sigil: string): void {
    const word = this.#match(WORD, this.#pos + 1) ?? '';
    const end = this.#pos + 1 + word.length;
    if (this.#endsWord(end)) this.#emit(kind === 'field' && word === '' ? 'dot' : kind, end);
    else this.#fail(`bad character ${this.#runeAt(this.#pos + sigil.length + word.length)}`);
  }

  #word(): void {
    const word = this.#match(WORD) ?? '';
    const end = this.#pos + word.length;
    if (!this.#endsWord(end)) return this.#fail(`bad character ${this.#runeAt(end)}`);
    if (KEYWORDS.has(word)) this.#emit('keyword', end);
    else if (word === 'nil') this.#emit('nil', end);
    else this.#emit(word === 'true' || word === 'false' ? 'bool' : 'identifier', end);
  }

  #number(): void {
    const number = this.#match(NUMBER) ?? '';
    const end = this.#pos + number.length;
    const tail = this.#match(WORD, end) ?? '';
    if (tail === '' && !/[+-]/.test(this.#source[end] ?? '')) return this.#emit('number', end);
    const bad = this.#source.slice(this.#pos, end) + String.fromCodePoint(this.#source.codePointAt(end)!);
    this.#fail(`bad number syntax: ${quote(tail === '' ? bad.slice(0, -1) : bad)}`);
  }

  #symbol(char: string): void {
    if (char === '(') this.#parens++;
    if (char === ')' && --this.#parens < 0) return this.#fail('unexpected right paren');
    if (/^[ -~]$/.test(char)) this.#emit(PLAIN[char] ?? 'char', this.#pos + 1);
    else this.#fail(`unrecognized character in action: ${describeRune(char)}`);
  }

  #endsWord(pos: number): boolean {
    return (
      pos >= this.#source.length ||
      ' \t\r\n.,|:)('.includes(this.#source[pos]!) ||
      this.#source.startsWith('}}', pos)
    );
  }

  #runeAt(pos: number): string {
    return describeRune(String.fromCodePoint(this.#source.codePointAt(pos)!));
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

  #fail(message: string): void {
    this.#failed = true;
    this.#tokens.push({ kind: 'error', text: message, pos: this.#pos });
  }
}
