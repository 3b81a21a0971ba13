/** A function that a caller adds: it takes any arguments, and what it throws becomes the template's error. */
export type TemplateFunction = (...args: never[]) => unknown;

/** What a field is in Go where JSON alone does not say: null prints as `map[]`, `[]` or `<nil>` accordingly. */
export type FieldKind = 'map' | 'slice';

export interface TemplateOptions {
  /** The name that stands in errors between `template: ` and the line: `version` for `docker version`, else ''. */
  readonly name?: string;
  /** What a key that is not there does: print `<no value>`, or fail as a missing struct field does. */
  readonly missingKey?: 'default' | 'error';
  /** Added to Go's and Docker's functions, and stronger than these. */
  readonly functions?: Readonly<Record<string, TemplateFunction>>;
  /**
   * Fields by name, wherever they stand, that are maps or slices in Docker's types. A key missing from such a map
   * is `<no value>` whatever `missingKey` says, and null is then an empty map or slice (still null in `json`).
   */
  readonly fieldKinds?: Readonly<Record<string, FieldKind>>;
  /**
   * The Go type of the data, such as `*formatter.ContainerContext`. When given, a missing field of the data itself
   * is the error `can't evaluate field X in type T`.
   */
  readonly rootType?: string;
}
