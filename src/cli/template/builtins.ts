import { atMost, equalsAny, lessThan } from './compare.ts';
import { escapeHtml, escapeQuery, escapeScript } from './escape.ts';
import { formatValue, sprint } from './format.ts';
import { index, length, slice } from './indexing.ts';
import { sprintf } from './printf.ts';
import { fixed, type Signature, variadic } from './signature.ts';
import { isTrue, typeName } from './values.ts';

/** The functions that Go's text/template knows by itself, except `and` and `or`, which do not evaluate all. */
export const BUILTINS: Readonly<Record<string, Signature>> = {
  call: variadic(['any'], call),
  eq: variadic(['any'], (first, ...others) => equalsAny(first, others)),
  ge: fixed(['any', 'any'], (a, b) => !lessThan(a, b)),
  gt: fixed(['any', 'any'], (a, b) => !atMost(a, b)),
  html: variadic([], (...args) => escapeHtml(textOf(args))),
  index: variadic(['any'], (item, ...indexes) => index(item, indexes)),
  js: variadic([], (...args) => escapeScript(textOf(args))),
  le: fixed(['any', 'any'], atMost),
  len: fixed(['any'], length),
  lt: fixed(['any', 'any'], lessThan),
  ne: fixed(['any', 'any'], (a, b) => !equalsAny(a, [b])),
  not: fixed(['any'], (value) => !isTrue(value)),
  print: variadic([], (...args) => sprint(args)),
  printf: variadic(['string'], (format, ...args) => sprintf(format, args)),
  println: variadic([], (...args) => `${args.map(formatValue).join(' ')}\n`),
  slice: variadic(['any'], (item, ...indexes) => slice(item, indexes)),
  urlquery: variadic([], (...args) => escapeQuery(textOf(args))),
};

function call(callee: unknown, ...args: readonly unknown[]): unknown {
  if (callee === undefined || callee === null) throw new Error('call of nil');
  if (typeof callee !== 'function') throw new Error(`non-function of type ${typeName(callee)}`);
  return callee(...args);
}

/** Only here does a missing value show as `<no value>` inside a function. */
function textOf(args: readonly unknown[]): string {
  return sprint(args.map((arg) => (arg === undefined ? '<no value>' : arg)));
}
