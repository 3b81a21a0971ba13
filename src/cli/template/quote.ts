/** Go's strconv.Quote and Unquote. */
import { fromUtf8 } from './values.ts';

const SIMPLE_ESCAPES: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};
const ESCAPE_OF = new Map(Object.entries(SIMPLE_ESCAPES).map(([letter, char]) => [char, `\\${letter}`]));
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** A string as a Go literal in double quotes; `ascii` escapes everything outside ASCII too. */
export function quote(text: string, ascii = false): string {
  return `"${Array.from(text, (char) => (char === '"' ? '\\"' : escapeRune(char, ascii))).join('')}"`;
}

/** A code point as a Go literal in single quotes. */
export function quoteRune(codePoint: number, ascii = false): string {
  const char = runeToString(codePoint);
  return `'${char === "'" ? "\\'" : escapeRune(char, ascii)}'`;
}

/** The character of a code point, or U+FFFD where there is none. */
export function runeToString(codePoint: number): string {
  const valid = codePoint >= 0 && codePoint <= 0x10ffff && (codePoint < 0xd800 || codePoint > 0xdfff);
  return valid ? String.fromCodePoint(codePoint) : '\ufffd';
}

/** True for letters, marks, numbers, punctuation, symbols and the space, as Go's unicode.IsPrint has it. */
export function isPrintable(char: string): boolean {
  return PRINTABLE.test(char);
}

/** Go's `%#U`: the code point, and the character when it can be shown. */
export function describeRune(char: string): string {
  const code = `U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
  return isPrintable(char) ? `${code} '${char}'` : code;
}

function escapeRune(char: string, ascii: boolean): string {
  const simple = ESCAPE_OF.get(char);
  if (simple !== undefined) return simple;
  const code = char.codePointAt(0)!;
  if (isPrintable(char) && (!ascii || code < 0x80)) return char;
  const hex = code.toString(16);
  if (code < 0x80) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

const ESCAPE = /(?:\\(?:x[0-9a-fA-F]{2}|[0-7]{3}))+|\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[abfnrtv\\'"])|\\/g;

/** The text of a Go string or character literal, quotes included; throws Error when an escape is not Go's. */
export function unquote(literal: string): string {
  const [mark, inside] = [literal[0]!, literal.slice(1, -1)];
  if (mark === '`') return inside.replaceAll('\r', '');
  return inside.replace(ESCAPE, (sequence) => decodeEscape(sequence, mark));
}

function decodeEscape(sequence: string, mark: string): string {
  const letter = sequence[1] ?? '';
  if (letter === 'x' || /[0-7]/.test(letter)) return decodeBytes(sequence);
  if (letter === 'u' || letter === 'U') return decodeCodePoint(sequence.slice(2));
  const char = letter === mark ? letter : SIMPLE_ESCAPES[letter];
  if (char === undefined) throw new Error('invalid syntax');
  return char;
}

/** A run of `\xNN` and `\NNN` is a run of bytes, several of which may be one character. */
function decodeBytes(run: string): string {
  const codes = run.match(/\\x[0-9a-fA-F]{2}|\\[0-7]{3}/g);
  if (codes === null) throw new Error('invalid syntax');
  const bytes = codes.map((code) =>
    code[1] === 'x' ? Number.parseInt(code.slice(2), 16) : Number.parseInt(code.slice(1), 8),
  );
  if (bytes.some((byte) => byte > 255)) throw new Error('invalid syntax');
  return fromUtf8(Uint8Array.from(bytes));
}

function decodeCodePoint(hex: string): string {
  const code = Number.parseInt(hex, 16);
  if (!(code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff)) throw new Error('invalid syntax');
  return String.fromCodePoint(code);
}
