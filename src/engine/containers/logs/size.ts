import { InvalidArgument } from '../../../api/index.ts';

/**
 * A size as users write it: a number, maybe with a fraction, and an optional unit `k m g t p`, which `b` or `ib` may follow.
 * `base` is what each unit is of the one before: 1000 or 1024. Throws InvalidArgument.
 */
export function parseSize(text: string, base: 1000 | 1024): number {
  const match = /^(\d+(?:\.\d*)?|\.\d+) ?(?:([kmgtp])?(?:b|ib)?)$/i.exec(text);
  if (!match) throw new InvalidArgument(`invalid size: '${text}'`);
  const power = ' kmgtp'.indexOf(match[2]?.toLowerCase() ?? ' ');
  return Math.trunc(Number(match[1]) * base ** power);
}

/** A whole number. Throws InvalidArgument. */
export function parseCount(text: string): number {
  if (!/^[+-]?\d{1,15}$/.test(text)) {
    throw new InvalidArgument(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Number(text);
}

/** A switch as Go reads one. Throws InvalidArgument. */
export function parseSwitch(text: string): boolean {
  if (/^(?:1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(?:0|f|F|false|FALSE|False)$/.test(text)) return false;
  throw new InvalidArgument(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}
