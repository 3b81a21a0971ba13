/**
 * What a JavaScript value is in Go's terms. `undefined` is Go's invalid value (a missing map key), `null` is nil,
 * a whole number is an int, an array a slice, any other object a map.
 */
export type Kind = 'invalid' | 'nil' | 'bool' | 'int' | 'float' | 'string' | 'slice' | 'map' | 'func';

/** Data with string keys. */
export type Dictionary = Record<string, unknown>;

const INT64_LIMIT = 2 ** 63;

export function kindOf(value: unknown): Kind {
  switch (typeof value) {
    case 'undefined':
      return 'invalid';
    case 'boolean':
      return 'bool';
    case 'string':
      return 'string';
    case 'bigint':
      return 'int';
    case 'number':
      return Number.isInteger(value) && Math.abs(value) < INT64_LIMIT ? 'int' : 'float';
    case 'object':
      if (value === null) return 'nil';
      return Array.isArray(value) ? 'slice' : 'map';
    default:
      return 'func';
  }
}

/** The Go type that error messages and `%T` name. Containers of nothing but strings are typed as such. */
export function typeName(value: unknown): string {
  switch (kindOf(value)) {
    case 'invalid':
    case 'nil':
      return '<nil>';
    case 'bool':
      return 'bool';
    case 'int':
      return 'int';
    case 'float':
      return 'float64';
    case 'string':
      return 'string';
    case 'slice':
      return `[]${elementType(value as unknown[])}`;
    case 'map':
      return `map[string]${elementType(Object.values(value as Dictionary))}`;
    case 'func':
      return 'func()';
  }
}

function elementType(elements: readonly unknown[]): string {
  return elements.length > 0 && holdsOnlyStrings(elements) ? 'string' : 'interface {}';
}

/** True for an empty list too: an empty map is most often one of labels. */
export function holdsOnlyStrings(elements: readonly unknown[]): boolean {
  return elements.every((element) => typeof element === 'string');
}

/** Go's truth: false, 0, nil, no value, and anything of length zero are false. */
export function isTrue(value: unknown): boolean {
  switch (kindOf(value)) {
    case 'slice':
      return (value as unknown[]).length > 0;
    case 'map':
      return Object.keys(value as Dictionary).length > 0;
    default:
      return Boolean(value);
  }
}

/** A map's keys in the order in which Go prints and ranges over them. */
export function sortedKeys(map: Dictionary): string[] {
  return Object.keys(map).sort(compareStrings);
}

/** Compares by code point, which is the order of the UTF-8 bytes that Go compares. */
export function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    // A surrogate stands for a code point above every other UTF-16 unit.
    if (x !== y) return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

/** A string's UTF-8 bytes: what Go's len, index, slice, `%x` and truncate count. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function fromUtf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}
