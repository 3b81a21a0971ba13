import { mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { CliError } from '../errors.ts';

/** Changes `config.json`, whatever else is in it, in one step. Throws CliError when it is there and cannot be read. */
export function changeConfig(folder: string, change: (config: Record<string, unknown>) => void): void {
  const path = `${folder}/config.json`;
  const config = read(path);
  change(config);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // A link stays a link.
  const target = real(path);
  const temporary = `${target}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(config, undefined, '\t'), { mode: 0o600 });
  renameSync(temporary, target);
}

function read(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new CliError(`cannot read ${path}: ${(error as Error).message}`, 1, { cause: error });
  }
  try {
    return text.trim() === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  } catch (error) {
    throw new CliError(`${path} is not JSON: ${(error as Error).message}`, 1, { cause: error });
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
