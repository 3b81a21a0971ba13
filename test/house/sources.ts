import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/** The root of the checkout. */
export const checkout = resolve(import.meta.dirname, '../..');

export interface Source {
  /** From the root of the checkout. */
  readonly path: string;
  readonly text: string;
}

/** The source files below these folders. */
export function sources(...folders: string[]): Source[] {
  return folders
    .flatMap((folder) => globSync(`${folder}/**/*.{ts,mjs}`, { cwd: checkout }))
    .map((path) => ({ path, text: readFileSync(join(checkout, path), 'utf8') }));
}

/** An import of a file of ours, static, dynamic, or as the entry of a worker. */
export interface Import {
  readonly path: string;
  /** What is imported, from the root of the checkout. */
  readonly target: string;
}

/** What a file imports: other files of ours, and modules by name. */
export function importsOf({ path, text }: Source): { files: Import[]; modules: string[] } {
  const pattern = /(?:\bfrom|\bimport|\bimport\(|\bnew URL\()\s*'([^'\n]+)'/g;
  const specifiers = [...text.matchAll(pattern)].map((match) => match[1]!);
  return {
    files: specifiers
      .filter((it) => it.startsWith('.'))
      .map((it) => ({ path, target: relative(checkout, resolve(checkout, dirname(path), it)) })),
    modules: specifiers.filter((it) => /^(node:|@?[a-z])/.test(it)),
  };
}

/** The room of a file below src/; undefined elsewhere. */
export function roomOf(path: string): string | undefined {
  const [first, room] = path.split(sep);
  return first === 'src' ? room : undefined;
}
