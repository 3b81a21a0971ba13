/** The variables of one template, innermost last. */
export class Scope {
  readonly #names: string[] = [];
  readonly #values: unknown[] = [];

  constructor(dot: unknown) {
    this.declare('$', dot);
  }

  declare(name: string, value: unknown): void {
    this.#names.push(name);
    this.#values.push(value);
  }

  /** A mark to give to `leave`, which forgets what was declared after it. */
  enter(): number {
    return this.#names.length;
  }

  leave(mark: number): void {
    this.#names.length = mark;
    this.#values.length = mark;
  }

  /** Throws Error when there is no such variable. */
  get(name: string): unknown {
    return this.#values[this.#find(name)];
  }

  set(name: string, value: unknown): void {
    this.#values[this.#find(name)] = value;
  }

  #find(name: string): number {
    const index = this.#names.lastIndexOf(name);
    if (index < 0) throw new Error(`undefined variable: ${name}`);
    return index;
  }
}
