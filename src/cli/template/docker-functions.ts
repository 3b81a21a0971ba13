import { formatValue } from './format.ts';
import { MAX_OUTPUT } from './limits.ts';
import { fixed, type Signature } from './signature.ts';
import { fromUtf8, utf8 } from './values.ts';

/** The functions that Docker's client adds to text/template. */
export const DOCKER_FUNCTIONS: Readonly<Record<string, Signature>> = {
  join: fixed(['[]string', 'string'], (items, separator) => items.map(formatValue).join(separator)),
  json: fixed(['any'], json),
  lower: fixed(['string'], (text) => text.toLowerCase()),
  pad: fixed(['string', 'int', 'int'], pad),
  split: fixed(['string', 'string'], (text, separator) =>
    separator === '' ? Array.from(text) : text.split(separator),
  ),
  title: fixed(['string'], title),
  truncate: fixed(['string', 'int'], truncate),
  upper: fixed(['string'], (text) => text.toUpperCase()),
};

/** Compact JSON with the keys in the object's own order; a method stands for what it returns. */
function json(value: unknown): string {
  const text = JSON.stringify(value, function (this: unknown, _key, member: unknown) {
    if (typeof member === 'function') return member.call(this);
    return typeof member === 'bigint' ? Number(member) : member;
  });
  return (text ?? 'null').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** Spaces before and after, unless there is nothing to stand between them. */
function pad(text: string, before: number, after: number): string {
  if (text === '') return '';
  if (before < 0 || after < 0) throw new Error('strings: negative Repeat count');
  if (before + after > MAX_OUTPUT) throw new Error('strings: Repeat output length overflow');
  return ' '.repeat(before) + text + ' '.repeat(after);
}

/** The first `length` bytes. */
function truncate(text: string, length: number): string {
  if (length < 0) throw new Error(`runtime error: slice bounds out of range [:${length}]`);
  const bytes = utf8(text);
  return bytes.length < length ? text : fromUtf8(bytes.slice(0, length));
}

/** A capital at the start of each word, where a word is what strings.Title takes for one. */
function title(text: string): string {
  let previous = ' ';
  return Array.from(text, (char) => {
    const starts = isSeparator(previous);
    previous = char;
    return starts ? char.toUpperCase() : char;
  }).join('');
}

function isSeparator(char: string): boolean {
  return char <= '\x7f' ? !/[A-Za-z0-9_]/.test(char) : /\s/u.test(char);
}
