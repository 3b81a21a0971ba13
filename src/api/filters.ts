import { InvalidArgument } from './errors.ts';

/**
 * The `filters` parameter of list, prune and event calls: for each key a set of values. Values of one key are alternatives,
 * except labels, which must all hold; different keys must all hold.
 */
export class Filters {
  readonly #values: Map<string, string[]>;

  constructor(values: Iterable<readonly [string, readonly string[]]> = []) {
    this.#values = new Map([...values].map(([key, list]) => [key, [...list]]));
  }

  /**
   * Reads the parameter's JSON: `{"label":{"a=b":true}}` or, from old clients, `{"label":["a=b"]}`. Empty text is no filter.
   * Throws InvalidArgument when it is neither.
   */
  static parse(text: string | null | undefined): Filters {
    if (!text) return new Filters();
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      throw new InvalidArgument(`invalid filter: not valid JSON: ${text}`);
    }
    if (!isObject(parsed)) throw new InvalidArgument(`invalid filter: not a JSON object: ${text}`);
    return new Filters(Object.entries(parsed).map(([key, values]) => [key, readValues(key, values)]));
  }

  /** The JSON that the Engine API takes, or undefined when there is no filter. */
  format(): string | undefined {
    if (this.#values.size === 0) return undefined;
    const sets = [...this.#values].map(([key, list]) => [
      key,
      Object.fromEntries(list.map((v) => [v, true])),
    ]);
    return JSON.stringify(Object.fromEntries(sets));
  }

  get size(): number {
    return this.#values.size;
  }

  keys(): string[] {
    return [...this.#values.keys()];
  }

  has(key: string): boolean {
    return this.values(key).length > 0;
  }

  /** The values given for a key; empty when the key was not given. */
  values(key: string): readonly string[] {
    return this.#values.get(key) ?? [];
  }

  /** Throws InvalidArgument that names the first key which is not among `accepted`. */
  validate(accepted: readonly string[]): void {
    for (const key of this.keys()) {
      if (!accepted.includes(key)) throw new InvalidArgument(`invalid filter '${key}'`);
    }
  }

  /** True when the key was not given, or one of its values is `source`. */
  exact(key: string, source: string): boolean {
    const wanted = this.values(key);
    return wanted.length === 0 || wanted.includes(source);
  }

  /** As `exact`, and also true when `source` begins with one of the values (a shortened ID). */
  prefix(key: string, source: string): boolean {
    const wanted = this.values(key);
    return wanted.length === 0 || wanted.some((value) => source.startsWith(value));
  }

  /** As `exact`, and also true when one of the values, read as a regular expression, is found in `source`. */
  match(key: string, source: string): boolean {
    const wanted = this.values(key);
    return wanted.length === 0 || wanted.some((value) => value === source || matches(value, source));
  }

  /** True when every value of `key` (`name` or `name=value`) is among `labels`. The key is `label` unless told otherwise. */
  labels(labels: Readonly<Record<string, string>>, key = 'label'): boolean {
    return this.values(key).every((wanted) => {
      const equals = wanted.indexOf('=');
      const name = equals < 0 ? wanted : wanted.slice(0, equals);
      if (!Object.hasOwn(labels, name)) return false;
      return equals < 0 || labels[name] === wanted.slice(equals + 1);
    });
  }

  /** A key whose value is a boolean (`dangling`, `all`): `true`, `1`, `false`, `0`. Throws InvalidArgument for anything else. */
  boolean(key: string, fallback: boolean): boolean {
    const wanted = this.values(key);
    if (wanted.length === 0) return fallback;
    const yes = wanted.some((value) => value === 'true' || value === '1');
    const no = wanted.some((value) => value === 'false' || value === '0');
    if (yes === no) throw new InvalidArgument(`invalid filter '${key}=[${wanted.join(' ')}]'`);
    return yes;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readValues(key: string, values: unknown): string[] {
  if (Array.isArray(values) && values.every((value) => typeof value === 'string')) return values;
  if (isObject(values) && Object.values(values).every((value) => typeof value === 'boolean'))
    return Object.keys(values);
  throw new InvalidArgument(`invalid filter '${key}': neither an object of booleans nor a list of strings`);
}

/** Go writes flags as a prefix, `(?i)x`, where JavaScript wants them around a group, `(?i:x)`. A bad pattern matches nothing. */
function matches(pattern: string, source: string): boolean {
  const flags = /^\(\?([ims]+)\)/.exec(pattern);
  const translated = flags ? `(?${flags[1]}:${pattern.slice(flags[0].length)})` : pattern;
  try {
    return new RegExp(translated).test(source);
  } catch {
    return false;
  }
}
