import { InvalidArgument } from '../../api/index.ts';

/** What each option of the local driver cannot do without. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  type: ['device'],
  device: ['type'],
  o: ['device', 'type'],
  size: [],
};

/** Throws InvalidArgument for options that the local driver does not know, or that say only half of what is needed. */
export function validateOptions(options: Readonly<Record<string, string>>): void {
  for (const key of Object.keys(options)) {
    const needed = Object.hasOwn(OPTIONS, key) ? OPTIONS[key] : undefined;
    if (needed === undefined) throw new InvalidArgument(`invalid option: "${key}"`);
    const missing = needed.find((other) => !options[other]);
    if (missing !== undefined) throw new InvalidArgument(`missing required option: "${missing}"`);
  }
  if (options['size'] !== undefined) {
    throw new InvalidArgument(
      'quota size requested but no quota support: limit a volume with type=tmpfs, device=tmpfs and o=size=SIZE, or put it on a file system of its own',
    );
  }
}

export function sameOptions(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}
