/** A time from seconds since 1970 as Go prints one in the local zone: `2026-11-21 09:57:58 +0000 UTC`. */
export function goDate(seconds: number): string {
  const date = new Date(seconds * 1000);
  const zone = date.getTimezoneOffset();
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${clock(date)} ${offset(zone, '')} ${zoneName(date, zone)}`;
}

/** A time as RFC 3339 in the local zone. */
export function localRfc3339(seconds: number): string {
  const date = new Date(seconds * 1000);
  const zone = date.getTimezoneOffset();
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${clock(date)}${zone === 0 ? 'Z' : offset(zone, ':')}`;
}

/** `+02:00`, from minutes west of Greenwich. */
export function offset(zone: number, separator: string): string {
  const minutes = Math.abs(zone);
  return `${zone > 0 ? '-' : '+'}${two(Math.trunc(minutes / 60))}${separator}${two(minutes % 60)}`;
}

function clock(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function zoneName(date: Date, zone: number): string {
  if (zone === 0) return 'UTC';
  const name = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date);
  const short = name.find((part) => part.type === 'timeZoneName')?.value ?? '';
  return /^[A-Z]{2,5}$/.test(short) ? short : offset(zone, '').replace(/00$/, '');
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
