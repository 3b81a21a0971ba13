/** How Go's fmt writes a value under a verb. */
import { type Directive, formatFloat, formatInteger, PLAIN, pad } from './format-number.ts';
import { MAX_VALUE_DEPTH } from './limits.ts';
import { quote, quoteRune, runeToString } from './quote.ts';
import { type Dictionary, kindOf, sortedKeys, typeName, utf8 } from './values.ts';

/** The value as `%v` writes it: what `{{.}}` prints. */
export function formatValue(value: unknown): string {
  return typeof value === 'string' ? value : formatVerb(value, 'v', PLAIN);
}

/** The value under a verb, or Go's `%!verb(type=value)` when the verb is not for its type. */
export function formatVerb(value: unknown, verb: string, d: Directive, depth = 0): string {
  if (depth > MAX_VALUE_DEPTH) throw new Error('value is nested too deeply to be printed');
  switch (kindOf(value)) {
    case 'invalid':
    case 'nil':
      return depth > 0 || verb === 'v' ? pad('<nil>', { ...d, zero: false }) : `%!${verb}(<nil>)`;
    case 'bool':
      return verb === 'v' || verb === 't' ? pad(String(value), d) : badVerb(value, verb, d);
    case 'int':
      return formatInt(value as number | bigint, verb, d);
    case 'float':
      return formatReal(value as number, verb, d);
    case 'string':
      return formatString(value as string, verb, d);
    case 'slice':
      return `[${(value as unknown[]).map((element) => formatVerb(element, verb, d, depth + 1)).join(' ')}]`;
    case 'map':
      return formatMap(value as Dictionary, verb, d, depth);
    case 'func':
      return badVerb('func', verb, d);
  }
}

function formatMap(map: Dictionary, verb: string, d: Directive, depth: number): string {
  const entries = sortedKeys(map).map(
    (key) => `${formatVerb(key, verb, d, depth + 1)}:${formatVerb(map[key], verb, d, depth + 1)}`,
  );
  return `map[${entries.join(' ')}]`;
}

/** `print`: operands side by side, with a space between two of which neither is a string. */
export function sprint(values: readonly unknown[]): string {
  return values
    .map((value, i) => {
      const spaced = i > 0 && typeof value !== 'string' && typeof values[i - 1] !== 'string';
      return (spaced ? ' ' : '') + formatValue(value);
    })
    .join('');
}

function badVerb(value: unknown, verb: string, d: Directive): string {
  return `%!${verb}(${typeName(value)}=${formatVerb(value, 'v', d)})`;
}

function formatInt(value: number | bigint, verb: string, d: Directive): string {
  switch (verb) {
    case 'v':
      return formatInteger(BigInt(value), 'd', d);
    case 'd':
    case 'b':
    case 'o':
    case 'O':
    case 'x':
    case 'X':
      return formatInteger(BigInt(value), verb, d);
    case 'c':
      return pad(runeToString(Number(value)), d);
    case 'q':
      return pad(quoteRune(Number(value), d.plus), d);
    case 'U':
      return pad(`U+${value.toString(16).toUpperCase().padStart(4, '0')}`, { ...d, zero: false });
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      // JSON does not tell 2 from 2.0, so a whole number serves as either.
      return formatReal(Number(value), verb, d);
    default:
      return badVerb(value, verb, d);
  }
}

function formatReal(value: number, verb: string, d: Directive): string {
  if (verb === 'v') return formatFloat(value, 'g', d);
  return 'eEfFgG'.includes(verb) ? formatFloat(value, verb, d) : badVerb(value, verb, d);
}

function formatString(value: string, verb: string, d: Directive): string {
  switch (verb) {
    case 'v':
    case 's':
      return pad(truncate(value, d), d);
    case 'q':
      return pad(quoted(truncate(value, d), d), d);
    case 'x':
    case 'X':
      return pad(hexadecimal(value, verb, d), d);
    default:
      return badVerb(value, verb, d);
  }
}

function truncate(value: string, d: Directive): string {
  return d.precision === undefined ? value : Array.from(value).slice(0, d.precision).join('');
}

function quoted(value: string, d: Directive): string {
  const rawFits = d.sharp && !/[`\ufeff\x7f]|(?!\t)\p{Cc}/u.test(value);
  return rawFits ? `\`${value}\`` : quote(value, d.plus);
}

function hexadecimal(value: string, verb: string, d: Directive): string {
  const bytes = utf8(value).slice(0, d.precision);
  const prefix = d.sharp && bytes.length > 0 ? '0x' : '';
  const pairs = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));
  const text = d.space ? pairs.map((pair) => prefix + pair).join(' ') : prefix + pairs.join('');
  return verb === 'X' ? text.toUpperCase() : text;
}
