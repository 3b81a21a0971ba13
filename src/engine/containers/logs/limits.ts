import { InvalidArgument, messageOf } from '../../../api/index.ts';
import type { LogLimits } from '../../../runtime/index.ts';
import { parseCount, parseSize, parseSwitch } from './size.ts';

/** Options of a log driver, by name. */
export type LogOptions = Readonly<Record<string, string>>;

const MEBIBYTE = 1024 * 1024;
/** What the drivers that keep files for `logs` alone keep of them. */
const LOCAL: LogLimits = { maxSize: 20 * MEBIBYTE, maxFiles: 5, compress: true };

/** The limits that the options of json-file ask for; undefined for a log without end. Throws InvalidArgument. */
export function jsonFileLimits(options: LogOptions): LogLimits | undefined {
  const { 'max-size': size, 'max-file': files } = options;
  const maxSize = size === undefined || size === '-1' ? undefined : parseSize(size, 1000);
  if (maxSize === 0) throw new InvalidArgument('max-size must be a positive number');
  const maxFiles = files === undefined ? 1 : parseCount(files);
  if (maxFiles < 1) throw new InvalidArgument('max-file cannot be less than 1');
  const compress = parseSwitch(options['compress'] ?? 'false');
  if (compress && (maxFiles < 2 || maxSize === undefined)) {
    throw new InvalidArgument('compress cannot be true when max-file is less than 2 or max-size is not set');
  }
  return maxSize === undefined ? undefined : { maxSize, maxFiles, compress };
}

/** Options of what is kept for `logs` of a log that is sent away. */
export const CACHE_OPTIONS = [
  'cache-disabled',
  'cache-max-size',
  'cache-max-file',
  'cache-compress',
] as const;

/** Whether nothing is to be kept for `logs` of a log that is sent away. Throws InvalidArgument. */
export function cacheDisabled(options: LogOptions): boolean {
  return parseSwitch(options['cache-disabled'] ?? 'false');
}

/**
 * The limits of a log that is sent away: what has gone out and is not kept for `logs` is to make room. So there are always
 * limits, and a file besides the one that is written. Throws InvalidArgument.
 */
export function cacheLimits(options: LogOptions): LogLimits {
  const asked = localLimits(options, 'cache-') ?? LOCAL;
  return cacheDisabled(options)
    ? { ...LOCAL, maxFiles: 2, compress: false }
    : { ...asked, maxFiles: Math.max(2, asked.maxFiles) };
}

/** The limits that `max-size`, `max-file` and `compress` ask for, each after a prefix. Throws InvalidArgument. */
export function localLimits(options: LogOptions, prefix = ''): LogLimits | undefined {
  const read = <T>(name: string, parse: (text: string) => T): T | undefined => {
    const text = options[`${prefix}${name}`];
    if (text === undefined) return undefined;
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgument(`invalid value for ${prefix}${name}: ${text}: ${messageOf(error)}`);
    }
  };
  const maxSize = read('max-size', (text) => parseSize(text, 1024)) ?? LOCAL.maxSize;
  const maxFiles = read('max-file', parseCount) ?? LOCAL.maxFiles;
  if (maxFiles < 1) throw new InvalidArgument(`${prefix}max-file cannot be less than 1`);
  const asked = read('compress', parseSwitch);
  if (asked === true && maxFiles === 1) {
    throw new InvalidArgument('compression cannot be enabled when max file count is 1');
  }
  const compress = asked ?? (LOCAL.compress && maxFiles > 1);
  return maxSize === 0 ? undefined : { maxSize, maxFiles, compress };
}
