import { CliError } from './errors.ts';
import { complain, print, printLine } from './output.ts';
import { layOut } from './table.ts';

/** One field of what a list shows. A function takes the arguments of the template: `{{.Label "key"}}`. */
export interface Field<T> {
  readonly header: string;
  readonly value: (item: T) => unknown;
}

/** What can be shown of an object, under Docker's field names. */
export type View<T> = Readonly<Record<string, Field<T>>>;

export interface ListFormat {
  /** What the user gave to `--format`: empty, `table`, `table TEMPLATE`, `json` or a template. */
  readonly format: string;
  /** Fields of the default table, in order. */
  readonly columns: readonly string[];
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
    const header = columns.map((name) => view[name]!.header);
    const rows = items.map((item) => columns.map((name) => String(view[name]!.value(item))));
    return layOut([header, ...rows]);
  }
  if (format === 'json') {
    return items.map((item) => `${goJson(jsonOf(view, item))}\n`).join('');
  }
  if (/^table\s/.test(format)) {
    const template = await compile(format.slice('table'.length).trim());
    const headers = Object.fromEntries(Object.entries(view).map(([name, field]) => [name, headerOf(field)]));
    const lines = [
      runTemplate(template, headers, true),
      ...items.map((item) => runTemplate(template, dataOf(view, item))),
    ];
    return layOut(lines.map((line) => line.split('\t')));
  }
  const template = await compile(format);
  return items.map((item) => `${runTemplate(template, dataOf(view, item))}\n`).join('');
}

/** The fields as a template sees them. They are worked out when the template asks, since most templates ask for few. */
export function dataOf<T>(view: View<T>, item: T): object {
  const data = {};
  for (const [name, field] of Object.entries(view)) {
    Object.defineProperty(data, name, { enumerable: true, get: () => field.value(item) });
  }
  return data;
}

function jsonOf<T>(view: View<T>, item: T): Record<string, unknown> {
  const pairs = Object.keys(view)
    .sort()
    .map((name): [string, unknown] => [name, view[name]!.value(item)])
    .filter(([, value]) => typeof value !== 'function');
  return Object.fromEntries(pairs);
}

interface Template {
  execute(data: unknown): string;
}

/** Compiles what the user typed; `\t` and `\n` stand for tab and newline. Throws CliError. */
export async function compile(source: string): Promise<Template> {
  const { compileTemplate } = await import('./template/index.ts');
  try {
    return compileTemplate(source.replaceAll('\\t', '\t').replaceAll('\\n', '\n'));
  } catch (error) {
    throw new CliError(`failed to parse template: ${(error as Error).message}`, 1, { cause: error });
  }
}

function runTemplate(template: Template, data: object): string {
  try {
    return template.execute(data);
  } catch (error) {
    throw new CliError(`failed to execute template: ${(error as Error).message}`, 1, { cause: error });
  }
}

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
