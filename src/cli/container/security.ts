import { CliError } from '../errors.ts';
import { readText } from './files.ts';

export interface Security {
  readonly options: string[] | null;
  /** Empty when the container shall see the whole of /proc and /sys, undefined for the engine's default. */
  readonly paths: string[] | undefined;
}

/** Reads `--security-opt`: a seccomp profile's file is sent as its content. Throws CliError. */
export function buildSecurity(values: readonly string[]): Security {
  const options: string[] = [];
  let paths: string[] | undefined;
  for (const value of values) {
    if (value === 'systempaths=unconfined') paths = [];
    else options.push(readOption(value));
  }
  return { options: options.length > 0 ? options : null, paths };
}

function readOption(text: string): string {
  const [key = '', value] = splitOption(text);
  if (value === undefined) {
    if (key !== 'no-new-privileges')
      throw new CliError(`Invalid --security-opt: ${JSON.stringify(text)}`, 125);
    return text;
  }
  if (key !== 'seccomp' || value === 'unconfined' || value === 'builtin') return text;
  return `seccomp=${readProfile(value)}`;
}

/** Options are split at `=`, or at `:` as they once were. */
function splitOption(text: string): [string, string?] {
  const at = text.includes('=') ? text.indexOf('=') : text.indexOf(':');
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function readProfile(path: string): string {
  let text: string;
  try {
    text = readText(path);
  } catch (error) {
    throw new CliError(`opening seccomp profile (${path}) failed: ${(error as Error).message}`, 125, {
      cause: error,
    });
  }
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (error) {
    throw new CliError(
      `compacting json for seccomp profile (${path}) failed: ${(error as Error).message}`,
      125,
      { cause: error },
    );
  }
}
