/** Go's text/template with the functions of Docker's client, for `--format`. */
import { execute } from './executor.ts';
import type { TemplateOptions } from './options.ts';
import { Program } from './program.ts';

export { TemplateError, type TemplatePhase } from './errors.ts';
export type { FieldKind, TemplateFunction, TemplateOptions } from './options.ts';

/** A template that can be run on any number of values. */
export interface Template {
  /**
   * Runs the template with `data` as its dot: JSON values, or objects whose functions are methods.
   * Throws TemplateError; nothing of the output is kept then.
   */
  execute(data: unknown): string;
}

/** Reads a template. Throws TemplateError when it is not one; a leading `table ` is the caller's to take off. */
export function compileTemplate(source: string, options: TemplateOptions = {}): Template {
  const program = new Program(source, options);
  return { execute: (data) => execute(program, data) };
}
