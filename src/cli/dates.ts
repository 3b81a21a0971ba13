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

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** An RFC 3339 time as C's asctime writes it, `Thu May  7 21:09:36 2026`, in UTC; text that is no time as it came. */
export function goTime(text: string): string {
  const date = new Date(text);
  if (!/^\d{4}-\d\d-\d\dT/.test(text) || Number.isNaN(date.getTime())) return text;
  const day = String(date.getUTCDate()).padStart(2);
  const time = date.toISOString().slice(11, 19);
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${day} ${time} ${date.getUTCFullYear()}`;
}
