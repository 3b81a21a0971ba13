import type { TemplateOptions } from './options.ts';
import { type Dictionary, kindOf, typeName } from './values.ts';

/** Stand for a null field that is a map or slice in Docker's types: empty to templates, null to `json`. */
const NIL_MAP = nilOf({});
const NIL_SLICE = nilOf([]);

function nilOf<T extends object>(empty: T): T {
  return Object.freeze(Object.defineProperty(empty, 'toJSON', { value: () => null }));
}

/** Reads fields by the rules of one execution. Throws Error with Go's text. */
export class FieldReader {
  readonly #root: unknown;
  readonly #options: TemplateOptions;
  /** Objects known to be maps, which have no error for a missing key. */
  readonly #maps = new WeakSet<object>([NIL_MAP]);

  constructor(root: unknown, options: TemplateOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** The field, or a function where it is a method; `undefined` when it is missing and may be. */
  read(receiver: unknown, name: string): unknown {
    const failsOnMissing = this.#options.missingKey === 'error';
    if (receiver === undefined) {
      if (failsOnMissing) throw new Error(`nil data; no entry for key "${name}"`);
      return undefined;
    }
    if (receiver === null) throw new Error(`nil pointer evaluating interface {}.${name}`);
    if (kindOf(receiver) !== 'map') {
      throw new Error(`can't evaluate field ${name} in type ${typeName(receiver)}`);
    }
    if (hasMember(receiver as object, name)) return this.#typed((receiver as Dictionary)[name], name);
    if (receiver === this.#root && this.#options.rootType !== undefined) {
      throw new Error(`can't evaluate field ${name} in type ${this.#options.rootType}`);
    }
    if (failsOnMissing && !this.#maps.has(receiver as object)) {
      throw new Error(`map has no entry for key "${name}"`);
    }
    return undefined;
  }

  #typed(value: unknown, name: string): unknown {
    const kinds = this.#options.fieldKinds;
    const kind = kinds !== undefined && Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) return value;
    if (value === null) return kind === 'map' ? NIL_MAP : NIL_SLICE;
    if (kind === 'map' && typeof value === 'object') this.#maps.add(value as object);
    return value;
  }
}

/** Own properties, and those of the object's classes; never what every object inherits. */
function hasMember(object: object, name: string): boolean {
  if (Object.hasOwn(object, name)) return true;
  if (name === 'constructor') return false;
  for (let proto = Object.getPrototypeOf(object); proto !== null; proto = Object.getPrototypeOf(proto)) {
    if (Object.getPrototypeOf(proto) === null) return false;
    if (Object.hasOwn(proto, name)) return true;
  }
  return false;
}
