import type { NumberNode } from './ast.ts';
import type { Token } from './lexer.ts';
import { quote, unquote } from './quote.ts';

const INTEGER = /^[+-]?(?:0[xX](?:_?[\da-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|0|[1-9](?:_?\d)*)$/;
const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INT64_MAX = 2n ** 63n - 1n;

/** Reads a number or character constant with Go's rules; throws Error with Go's text. */
export function parseNumber(token: Token): NumberNode {
  const { text, pos } = token;
  return { kind: 'number', pos, text, value: token.kind === 'number' ? numberOf(text) : runeOf(text) };
}

function runeOf(text: string): number {
  const [first, ...rest] = unquote(text);
  if (first === undefined) throw new Error('invalid syntax');
  if (rest.length > 0) throw new Error(`malformed character constant: ${text}`);
  return first.codePointAt(0)!;
}

function numberOf(text: string): number | bigint {
  if (INTEGER.test(text)) return integerOf(text);
  if (FLOAT.test(text)) {
    if (/[.eE]/.test(text)) return Number(text);
    throw new Error(`integer overflow: ${quote(text)}`);
  }
  throw new Error(`illegal number syntax: ${quote(text)}`);
}

function integerOf(text: string): number | bigint {
  const digits = text.replace(/^[+-]/, '').replaceAll('_', '');
  const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits}` : digits);
  const value = text.startsWith('-') ? -magnitude : magnitude;
  if (value > INT64_MAX || value < -INT64_MAX - 1n) throw new Error(`integer overflow: ${quote(text)}`);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
