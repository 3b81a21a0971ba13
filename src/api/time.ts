import { InvalidArgument } from './errors.ts';

/** How the Engine API writes "never", Go's zero time. */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

const NANOS = 1_000_000_000n;
let newest = 0n;

/** Wall clock in nanoseconds since 1970. The clock has milliseconds; two calls never return the same, nor a smaller one. */
export function nowNanos(): bigint {
  const now = BigInt(Date.now()) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n);
  newest = now > newest ? now : newest + 1n;
  return newest;
}

/** Nanoseconds since 1970 as RFC 3339 in UTC, with as many digits of the fraction as are not zero: Go's RFC3339Nano. */
export function formatTime(nanos: bigint): string {
  let seconds = nanos / NANOS;
  let rest = nanos % NANOS;
  if (rest < 0n) {
    seconds -= 1n;
    rest += NANOS;
  }
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const fraction = rest === 0n ? '' : `.${rest.toString().padStart(9, '0').replace(/0+$/, '')}`;
  return `${whole}${fraction}Z`;
}

/** As `formatTime`, always with nine digits of the fraction: the stamp that `logs --timestamps` shows. */
export function formatTimeFixed(nanos: bigint): string {
  const rest = ((nanos % NANOS) + NANOS) % NANOS;
  const whole = new Date(Number((nanos - rest) / NANOS) * 1000).toISOString().slice(0, 19);
  return `${whole}.${rest.toString().padStart(9, '0')}Z`;
}

/** RFC 3339, with a fraction of up to nine digits, as nanoseconds since 1970. Undefined when it is something else. */
export function parseTime(text: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:[.,](\d{1,9})\d*)?(Z|z|[+-]\d\d:\d\d)$/.exec(text);
  if (!match) return undefined;
  const millis = Date.parse(`${match[1]}T${match[2]}${match[4]!.toUpperCase()}`);
  if (Number.isNaN(millis)) return undefined;
  return BigInt(millis) * 1_000_000n + BigInt((match[3] ?? '').padEnd(9, '0'));
}

/**
 * The `since` and `until` parameters: seconds since 1970 with a fraction of up to nine digits, `1700000000.000000001`; an
 * RFC 3339 time is taken too. Nanoseconds since 1970; undefined for null and empty text. Throws InvalidArgument.
 */
export function parseTimestamp(text: string | null | undefined): bigint | undefined {
  if (!text) return undefined;
  const match = /^(-?)(\d{1,12})(?:\.(\d{1,9})\d*)?$/.exec(text);
  if (match) {
    const nanos = BigInt(match[2]!) * NANOS + BigInt((match[3] ?? '').padEnd(9, '0'));
    return match[1] ? -nanos : nanos;
  }
  const time = parseTime(text);
  if (time === undefined)
    throw new InvalidArgument(`invalid timestamp '${text}': seconds since 1970 are expected`);
  return time;
}

/** Nanoseconds as seconds since 1970 with nine digits of fraction: what `parseTimestamp` reads. */
export function formatTimestamp(nanos: bigint): string {
  return `${nanos / NANOS}.${(nanos % NANOS).toString().padStart(9, '0')}`;
}

const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** A duration as Go writes it (`1h30m`, `1.5s`, `100ms`, `-2m`, `0`), in nanoseconds. Undefined when it is something else. */
export function parseDuration(text: string): bigint | undefined {
  const match = /^([+-]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text);
  if (!match) return undefined;
  let nanos = 0;
  for (const part of match[2]!.matchAll(/(\d*\.?\d*)(ns|us|µs|μs|ms|s|m|h)/g)) {
    nanos += Number(part[1]) * UNITS[part[2]!]!;
  }
  return BigInt(Math.round(match[1] === '-' ? -nanos : nanos));
}

/** Nanoseconds as Go writes a duration: `1h0m5s`, `1.5s`, `500ms`. */
export function formatDuration(nanos: number): string {
  if (nanos < 0) return `-${formatDuration(-nanos)}`;
  if (nanos === 0) return '0s';
  for (const unit of ['ns', 'µs', 'ms'] as const) {
    if (nanos < UNITS[unit]! * 1000) return `${nanos / UNITS[unit]!}${unit}`;
  }
  const minutes = Math.floor(nanos / UNITS['m']!);
  const seconds = `${(nanos - minutes * UNITS['m']!) / UNITS['s']!}s`;
  if (minutes === 0) return seconds;
  return minutes < 60 ? `${minutes}m${seconds}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}

/**
 * What a user types after `--since` or `--until`, as nanoseconds since 1970: a duration before `now` (`10m`), a time or
 * date with or without a zone (`2026-01-02T15:04:05`, `2026-01-02`; local time when there is none), or seconds since 1970.
 * Throws InvalidArgument.
 */
export function parseTimeArgument(text: string, now: bigint = nowNanos()): bigint {
  const duration = parseDuration(text);
  if (duration !== undefined && text !== '0') return now - duration;
  const time = parseTime(text);
  if (time !== undefined) return time;
  const match =
    /^(\d{4}-\d\d-\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  if (match) {
    const [, date, hour = '00', minute = '00', second = '00', fraction = '', zone = ''] = match;
    const millis = Date.parse(`${date}T${hour}:${minute}:${second}${zone}`);
    if (!Number.isNaN(millis)) return BigInt(millis) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
  }
  const stamp = parseTimestamp(text);
  if (stamp === undefined) throw new InvalidArgument('a time is expected, but it is empty');
  return stamp;
}
