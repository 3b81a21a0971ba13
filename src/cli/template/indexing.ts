/** The element access of text/template: index, slice and len. */
import { type Dictionary, fromUtf8, holdsOnlyStrings, kindOf, typeName, utf8 } from './values.ts';

/** `index x 1 "key"`: x[1]["key"]. A missing key gives "" from a map of strings, else no value. */
export function index(item: unknown, indexes: readonly unknown[]): unknown {
  if (item === undefined) throw new Error('index of untyped nil');
  return indexes.reduce(elementAt, item);
}

function elementAt(item: unknown, key: unknown): unknown {
  switch (kindOf(item)) {
    case 'invalid':
      throw new Error('index of nil pointer');
    case 'nil':
      // Where Docker sends null for a field that is indexed by name, it is an empty map.
      if (typeof key === 'string') return '';
      throw new Error('index of nil pointer');
    case 'string': {
      const bytes = utf8(item as string);
      return bytes[elementPosition(key, bytes.length, 'string')];
    }
    case 'slice':
      return (item as unknown[])[elementPosition(key, (item as unknown[]).length, 'slice')];
    case 'map':
      return entryOf(item as Dictionary, key);
    default:
      throw new Error(`can't index item of type ${typeName(item)}`);
  }
}

function entryOf(map: Dictionary, key: unknown): unknown {
  if (key === undefined || key === null) throw new Error('value is nil; should be of type string');
  if (typeof key !== 'string') throw new Error(`value has type ${typeName(key)}; should be string`);
  if (Object.hasOwn(map, key)) return map[key];
  return holdsOnlyStrings(Object.values(map)) ? '' : undefined;
}

/** `slice x 1 2`: x[1:2], of bytes when x is a string. */
export function slice(item: unknown, indexes: readonly unknown[]): unknown {
  if (item === undefined) throw new Error('slice of untyped nil');
  if (item === null) throw new Error('slice of nil pointer');
  if (indexes.length > 3) throw new Error(`too many slice indexes: ${indexes.length}`);
  if (typeof item === 'string') {
    if (indexes.length === 3) throw new Error('cannot 3-index slice a string');
    const bytes = utf8(item);
    return fromUtf8(bytes.slice(...bounds(indexes, bytes.length)));
  }
  if (!Array.isArray(item)) throw new Error(`can't slice item of type ${typeName(item)}`);
  return item.slice(...bounds(indexes, item.length));
}

function bounds(indexes: readonly unknown[], length: number): [number, number] {
  const [start = 0, end = length, capacity = length] = indexes.map((value) => position(value, length));
  if (start > end) throw new Error(`invalid slice index: ${start} > ${end}`);
  if (end > capacity) throw new Error(`invalid slice index: ${end} > ${capacity}`);
  return [start, end];
}

/** Go has another message for the place right behind the last one. */
function elementPosition(key: unknown, length: number, what: string): number {
  const place = position(key, length);
  if (place === length) throw new Error(`reflect: ${what} index out of range`);
  return place;
}

function position(value: unknown, last: number): number {
  if (value === undefined || value === null) throw new Error('cannot index slice/array with nil');
  if (kindOf(value) !== 'int') throw new Error(`cannot index slice/array with type ${typeName(value)}`);
  const place = Number(value);
  if (place < 0 || place > last) throw new Error(`index out of range: ${value}`);
  return place;
}

/** Elements of a slice or map, bytes of a string. Null counts as the empty slice or map that it is in Docker. */
export function length(item: unknown): number {
  switch (kindOf(item)) {
    case 'nil':
      return 0;
    case 'invalid':
      throw new Error('len of nil pointer');
    case 'string':
      return utf8(item as string).length;
    case 'slice':
      return (item as unknown[]).length;
    case 'map':
      return Object.keys(item as Dictionary).length;
    default:
      throw new Error(`len of type ${typeName(item)}`);
  }
}
