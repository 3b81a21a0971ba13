const BINARY: Readonly<Record<string, number>> = {
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
};

/**
 * A number of bytes as users write it: digits, a fraction, an optional unit `k m g t p` (powers of 1024) that `b` or `ib` may
 * follow. Throws Error.
 */
export function parseBytes(text: string): number {
  const match = /^(.*[\d. ])([^\d. ]*)$/s.exec(text);
  if (!match) throw new Error(`invalid size: '${text}'`);
  const number = match[1]!.replace(/ $/, '');
  const unit = match[2]!.toLowerCase();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(number)) {
    throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(number)}: invalid syntax`);
  }
  const value = Number(number);
  if (value < 0) throw new Error(`invalid size: '${text}'`);
  if (unit === '' || unit === 'b') return Math.trunc(value);
  if (!/^[kmgtp](b|ib)?$/.test(unit)) throw new Error(`invalid suffix: '${unit}'`);
  return Math.trunc(value * BINARY[unit[0]!]!);
}

const DECIMAL_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];
const BINARY_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'];

/** A size for people in powers of 1000, with at most `precision` digits: `1.98MB`. */
export function humanSize(size: number, precision = 4): string {
  return scaled(size, 1000, DECIMAL_UNITS, precision);
}

/** A size for people in powers of 1024: `23.54GiB`. */
export function bytesSize(size: number): string {
  return scaled(size, 1024, BINARY_UNITS, 4);
}

function scaled(size: number, base: number, units: readonly string[], precision: number): string {
  let value = size;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return `${significant(value, precision)}${units[unit]}`;
}

/** C's %.{precision}g, for numbers that need no exponent unless they round up to one. */
function significant(value: number, precision: number): string {
  const text = value.toPrecision(precision);
  if (text.includes('e')) {
    const [mantissa, exponent] = text.split('e');
    const sign = exponent!.startsWith('-') ? '-' : '+';
    return `${mantissa!.replace(/\.?0+$/, '')}e${sign}${exponent!.slice(1).padStart(2, '0')}`;
  }
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** A span of time for people, from seconds: `About a minute`, `3 weeks`. */
export function humanDuration(seconds: number): string {
  const whole = Math.trunc(seconds);
  if (whole < 1) return 'Less than a second';
  if (whole === 1) return '1 second';
  if (whole < 60) return `${whole} seconds`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(seconds / 3600);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`;
  return `${Math.trunc(seconds / 3600 / 24 / 365)} years`;
}

/** How long ago a time was, from seconds since 1970. */
export function ago(since: number, now: number = Date.now() / 1000): string {
  return `${humanDuration(now - since)} ago`;
}
