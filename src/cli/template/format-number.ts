/** How Go's fmt writes numbers. */

/** Flags, width and precision of one printf verb. */
export interface Directive {
  readonly minus: boolean;
  readonly plus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  readonly width: number | undefined;
  readonly precision: number | undefined;
}

/** `%v` without flags. */
export const PLAIN: Directive = {
  minus: false,
  plus: false,
  sharp: false,
  space: false,
  zero: false,
  width: undefined,
  precision: undefined,
};

/** Fills to the directive's width, counted in code points. */
export function pad(text: string, d: Directive): string {
  const missing = (d.width ?? 0) - (d.width === undefined ? 0 : Array.from(text).length);
  if (missing <= 0) return text;
  if (d.minus) return text + ' '.repeat(missing);
  return (d.zero ? '0' : ' ').repeat(missing) + text;
}

const BASES: Record<string, { base: number; prefix: string }> = {
  b: { base: 2, prefix: '0b' },
  o: { base: 8, prefix: '0' },
  O: { base: 8, prefix: '' },
  d: { base: 10, prefix: '' },
  x: { base: 16, prefix: '0x' },
  X: { base: 16, prefix: '0X' },
};

/** An integer under `%d %b %o %O %x %X`. */
export function formatInteger(value: bigint, verb: string, d: Directive): string {
  const { base, prefix } = BASES[verb]!;
  const sign = value < 0n ? '-' : d.plus ? '+' : d.space ? ' ' : '';
  let digits = (value < 0n ? -value : value).toString(base);
  if (verb === 'X') digits = digits.toUpperCase();
  if (d.precision === 0 && value === 0n) digits = '';
  const fill = d.precision ?? (d.zero && !d.minus ? (d.width ?? 0) - sign.length : 0);
  digits = digits.padStart(fill, '0');
  if (d.sharp && !(verb === 'o' && digits.startsWith('0'))) digits = prefix + digits;
  if (verb === 'O') digits = `0o${digits}`;
  return pad(sign + digits, { ...d, zero: false });
}

/** A number under `%e %f %F %g` and their capitals. */
export function formatFloat(value: number, verb: string, d: Directive): string {
  const negative = value < 0 || Object.is(value, -0);
  const sign = negative ? '-' : d.plus ? '+' : d.space ? ' ' : '';
  if (!Number.isFinite(value)) {
    const name = Number.isNaN(value) ? 'NaN' : negative ? '-Inf' : '+Inf';
    return pad(name, { ...d, zero: false });
  }
  let digits = magnitude(Math.abs(value), verb.toLowerCase(), d.precision);
  if (verb === 'E' || verb === 'G') digits = digits.toUpperCase();
  if (d.zero && !d.minus) digits = digits.padStart((d.width ?? 0) - sign.length, '0');
  return pad(sign + digits, { ...d, zero: false });
}

function magnitude(value: number, verb: string, precision: number | undefined): string {
  if (verb === 'f') return fixed(value, precision ?? 6);
  if (verb === 'e') return exponential(value.toExponential(Math.min(precision ?? 6, 100)));
  return general(value, precision);
}

/** The shortest digits, or `precision` significant ones; with an exponent when it is very small or large. */
function general(value: number, precision: number | undefined): string {
  const significant = precision === undefined ? undefined : Math.min(Math.max(precision, 1), 100);
  const shortest = value.toExponential(significant === undefined ? undefined : significant - 1);
  const [mantissa, exponentText] = shortest.split('e') as [string, string];
  const trimmed = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  const exponent = Number(exponentText);
  const digits = trimmed.replace('.', '');
  const wanted = significant ?? Number.POSITIVE_INFINITY;
  const threshold =
    significant === undefined
      ? SHORTEST_THRESHOLD
      : wanted > digits.length && digits.length > exponent
        ? digits.length
        : wanted;
  if (exponent < -4 || exponent >= threshold) return exponential(`${trimmed}e${exponentText}`);
  return point(digits, exponent);
}

/** Where Go turns to an exponent when it prints the shortest digits. */
const SHORTEST_THRESHOLD = 6;

function point(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** Go writes two digits of exponent at least. */
function exponential(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

function fixed(value: number, precision: number): string {
  if (value >= 1e21) return `${BigInt(value)}${precision > 0 ? `.${'0'.repeat(precision)}` : ''}`;
  const places = Math.min(precision, 100);
  return roundHalfEven(value, places) + '0'.repeat(precision - places);
}

/** `toFixed` rounds an exact half up; Go rounds it to the even digit. */
function roundHalfEven(value: number, places: number): string {
  const rounded = value.toFixed(places);
  if (places > 70) return rounded;
  const exact = value.toFixed(places + 30);
  if (!/^50*$/.test(exact.slice(exact.length - 30))) return rounded;
  const below = exact.slice(0, exact.length - 30).replace(/\.$/, '');
  return Number(below.at(-1)) % 2 === 0 ? below : rounded;
}
