import { readFileSync } from 'node:fs';
import { CliError } from '../errors.ts';

/**
 * Reads files of `KEY=value` lines; lines that begin with `#` are comments. A line without a value is resolved by `lookUp`,
 * and left out when that knows none. Throws CliError.
 */
export function readKeyValueFiles(
  paths: readonly string[],
  lookUp: (key: string) => string | undefined,
): string[] {
  return paths.flatMap((path) => readKeyValueFile(path, lookUp));
}

function readKeyValueFile(path: string, lookUp: (key: string) => string | undefined): string[] {
  const text = readText(path);
  const lines: string[] = [];
  for (const raw of text.replace(/^\uFEFF/, '').split('\n')) {
    const line = raw.replace(/\r$/, '').trimStart();
    if (line === '' || line.startsWith('#')) continue;
    const equals = line.indexOf('=');
    const key = equals < 0 ? line : line.slice(0, equals);
    if (key === '') throw new CliError(`invalid env file (${path}): no variable name on line '${line}'`, 125);
    if (/\s/.test(key)) {
      throw new CliError(`invalid env file (${path}): variable '${key}' contains whitespaces`, 125);
    }
    if (equals >= 0) lines.push(line);
    else {
      const value = lookUp(key);
      if (value !== undefined) lines.push(`${key}=${value}`);
    }
  }
  return lines;
}

export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CliError(`open ${path}: ${code === 'ENOENT' ? 'no such file or directory' : message}`, 125, {
      cause: error,
    });
  }
}

/** `KEY=value` texts as an object; a lone key has an empty value. */
export function toRecord(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=');
      return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}
