/** The comparisons of text/template: eq, ne, lt, le, gt and ge. */
import { sprintf } from './printf.ts';
import { compareStrings, type Kind, kindOf, typeName } from './values.ts';

/** True when `first` equals any of `others`. Throws Error when the types cannot be compared. */
export function equalsAny(first: unknown, others: readonly unknown[]): boolean {
  if (others.length === 0) throw new Error('missing argument for comparison');
  return others.some((other) => equals(first, other));
}

export function lessThan(a: unknown, b: unknown): boolean {
  const [x, y] = [comparedKind(a), comparedKind(b)];
  if (x === undefined || y === undefined) throw new Error('invalid type for comparison');
  if (x !== y) throw incompatible(a, b);
  if (x === 'bool') throw new Error('invalid type for comparison');
  if (x === 'string') return compareStrings(a as string, b as string) < 0;
  return (a as number | bigint) < (b as number | bigint);
}

export function atMost(a: unknown, b: unknown): boolean {
  return lessThan(a, b) || equals(a, b);
}

function equals(a: unknown, b: unknown): boolean {
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b);
  const [x, y] = [comparedKind(a), comparedKind(b)];
  if (x !== y) throw incompatible(a, b);
  // biome-ignore lint/suspicious/noDoubleEquals: a bigint and a number of the same value are equal.
  if (x !== undefined) return a == b;
  if (kindOf(a) !== kindOf(b)) {
    throw new Error(sprintf('non-comparable types %s: %v, %s: %v', [a, typeName(a), typeName(b), b]));
  }
  throw new Error(sprintf('non-comparable type %s: %v', [b, typeName(b)]));
}

/** JSON has one type of number, so ints and floats compare with each other, which Go refuses. */
function comparedKind(value: unknown): Kind | undefined {
  const kind = kindOf(value);
  if (kind === 'float') return 'int';
  return kind === 'bool' || kind === 'int' || kind === 'string' ? kind : undefined;
}

function isNil(value: unknown): boolean {
  return value === null || value === undefined;
}

function incompatible(a: unknown, b: unknown): Error {
  return new Error(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
}
