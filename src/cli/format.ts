import { CliError } from './errors.ts';
import { complain, print, printLine } from './output.ts';
import { layOut } from './table.ts';
import type { TemplateError, TemplateOptions } from './template/index.ts';

/** One field of what a list shows. A function takes the arguments of the template: `{{.Label "key"}}`. */
export interface Field<T> {
  readonly header: string | ((argument: string) => string);
  readonly value: (item: T) => unknown;
}

/** What can be shown of an object, under Docker's field names. */
export type View<T> = Readonly<Record<string, Field<T>>>;

export interface ListFormat {
  /** What templates call the thing in their errors, Docker's name for it: `formatter.Container`. */
  readonly kind: string;
  /** What the user gave to `--format`: empty, `table`, `table TEMPLATE`, `json` or a template. */
  readonly format: string;
  /** Fields of the default table, in order. */
  readonly columns: readonly string[];
  /** What a template that fails is reported as, where that is not its usual message. */
  readonly explain?: (error: TemplateError) => string;
}

/** The help of `--format` where a list is shown. */
export const FORMAT_HELP = `Format output using a custom template:
'table':            Print output in table format with column headers (default)
'table TEMPLATE':   Print output in table format using the given Go template
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template.`;

/** The help of `--format` where objects are shown one by one. */
export const INSPECT_FORMAT_HELP = `Format output using a custom template:
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template.`;

/** The format to use: the flag's, else the one of `config.json`, else a table. */
export function chooseFormat(flag: string, configured: string | undefined, quiet: boolean): string {
  if (quiet && flag) {
    complain('WARNING: Ignoring custom format, because both --format and --quiet are set.');
    return '';
  }
  return flag || (quiet ? '' : (configured ?? ''));
}

/** Prints a list as a table, as JSON lines, or through a template. */
export async function printList<T>(view: View<T>, items: readonly T[], how: ListFormat): Promise<void> {
  print(await formatList(view, items, how));
}

/** The text that `printList` prints. */
export async function formatList<T>(view: View<T>, items: readonly T[], how: ListFormat): Promise<string> {
  const { format, columns } = how;
  if (format === '' || format === 'table') {
    const header = columns.map((name) => String(view[name]!.header));
    const rows = items.map((item) => columns.map((name) => String(view[name]!.value(item))));
    return layOut([header, ...rows]);
  }
  if (format === 'json') {
    return items.map((item) => `${goJson(jsonOf(view, item))}\n`).join('');
  }
  const rootType = `*${how.kind}Context`;
  if (/^table\s/.test(format)) {
    const source = format.slice('table'.length).trim();
    const headers = Object.fromEntries(Object.entries(view).map(([name, field]) => [name, field.header]));
    const header = (await compile(source, { rootType, functions: HEADER_FUNCTIONS }, how.explain)).run(
      headers,
    );
    const template = await compile(source, { rootType, functions: ROW_FUNCTIONS }, how.explain);
    return layOut(
      [header, ...items.map((item) => template.run(dataOf(view, item)))].map((line) => line.split('\t')),
    );
  }
  const template = await compile(format, { rootType, functions: ROW_FUNCTIONS }, how.explain);
  return items.map((item) => `${template.run(dataOf(view, item))}\n`).join('');
}

/** A whole row in JSON has its HTML escaped, a field of it has not. */
const ROW_FUNCTIONS = {
  json: (value: unknown) =>
    typeof value === 'object' && value !== null ? goJson(value) : JSON.stringify(value),
};

/** What functions do to a header: nothing. */
const HEADER_FUNCTIONS = {
  json: (text: string) => text,
  split: (text: string) => text,
  join: (text: string) => text,
  title: (text: string) => text,
  lower: (text: string) => text,
  upper: (text: string) => text,
  pad: (text: string) => text,
  truncate: (text: string) => text,
};

/** The fields as a template sees them. They are worked out when the template asks, since most templates ask for few. */
export function dataOf<T>(view: View<T>, item: T): object {
  const data = {};
  for (const name of Object.keys(view).sort()) {
    const { header, value } = view[name]!;
    // What takes arguments is a method, which `json` and `range` leave out.
    Object.defineProperty(data, name, { enumerable: typeof header === 'string', get: () => value(item) });
  }
  return data;
}

function jsonOf<T>(view: View<T>, item: T): Record<string, unknown> {
  const names = Object.keys(view).filter((name) => typeof view[name]!.header === 'string');
  return Object.fromEntries(names.sort().map((name) => [name, view[name]!.value(item)]));
}

export interface Template {
  execute(data: unknown): string;
}

/** A template that the user gave, ready to run. */
export interface UserTemplate {
  /** Throws CliError. */
  run(data: unknown): string;
}

/** Compiles what the user typed; `\t` and `\n` stand for tab and newline. Throws CliError. */
export async function compile(
  source: string,
  options: TemplateOptions = {},
  explain: (error: TemplateError) => string = ({ message }) => message,
): Promise<UserTemplate> {
  const { compileTemplate, TemplateError } = await import('./template/index.ts');
  const translate = (error: unknown): unknown =>
    error instanceof TemplateError ? new CliError(explain(error), 1, { cause: error }) : error;
  try {
    const template = compileTemplate(source.replaceAll('\\t', '\t').replaceAll('\\n', '\n'), options);
    return {
      run(data) {
        try {
          return template.execute(data);
        } catch (error) {
          throw translate(error);
        }
      },
    };
  } catch (error) {
    throw translate(error);
  }
}

/** Runs a template on one object, as `version` and `info` do. Throws CliError. */
export async function render(source: string, data: unknown, options: TemplateOptions = {}): Promise<string> {
  const { compileTemplate, TemplateError } = await import('./template/index.ts');
  try {
    return compileTemplate(source, { missingKey: 'error', ...options }).execute(data);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const [message, code] = error.phase === 'parse' ? [error.message, USAGE] : [error.detail, 1];
    throw new CliError(message, code, { cause: error });
  }
}

/** Exit code for a template that cannot be read, from sysexits.h. */
export const USAGE = 64;

/** JSON as Go writes it, with `<`, `>` and `&` escaped. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Prints lines of identifiers. */
export function printLines(lines: readonly string[]): void {
  for (const line of lines) printLine(line);
}
