import { type ContainerConfig, type Healthcheck, InvalidArgument } from '../../api/index.ts';

const NANOS_PER_MILLI = 1e6;
const SECOND = 1000;
const DEFAULT_SHELL = ['/bin/sh', '-c'];
const DURATIONS = ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const;

/** How a container's health is found out. Times in milliseconds. */
export interface HealthProbe {
  readonly command: readonly string[];
  readonly interval: number;
  readonly timeout: number;
  /** So long after the start, failures do not count until there has been a success. */
  readonly startPeriod: number;
  /** Between the probes of the start period. */
  readonly startInterval: number;
  /** So many failures in a row make a container unhealthy. */
  readonly retries: number;
}

/** A container's health check over that of its image: what the container leaves open is the image's. */
export function mergeHealthcheck(
  own: Healthcheck | null | undefined,
  image: Healthcheck | null | undefined,
): Healthcheck | null | undefined {
  if (own == null || image == null) return own ?? image;
  return {
    ...own,
    Test: own.Test.length > 0 ? own.Test : image.Test,
    Interval: own.Interval || image.Interval,
    Timeout: own.Timeout || image.Timeout,
    StartPeriod: own.StartPeriod || image.StartPeriod,
    StartInterval: own.StartInterval || image.StartInterval,
    Retries: own.Retries || image.Retries,
  };
}

/** Throws InvalidArgument. */
export function validateHealthcheck(check: Healthcheck | null | undefined): void {
  if (check == null) return;
  for (const name of DURATIONS) {
    if (check[name] !== 0 && check[name] < NANOS_PER_MILLI) {
      throw new InvalidArgument(`${name} in Healthcheck cannot be less than 1ms`);
    }
  }
  if (check.Retries < 0) throw new InvalidArgument('Retries in Healthcheck cannot be negative');
  const kind = check.Test[0];
  if (kind !== undefined && !['NONE', 'CMD', 'CMD-SHELL', ''].includes(kind)) {
    throw new InvalidArgument(`unknown type of health check "${kind}": use one of NONE, CMD, CMD-SHELL`);
  }
}

/** The probe that a config asks for, with Docker's defaults; undefined for none. */
export function healthProbe({ Healthcheck: check, Shell }: ContainerConfig): HealthProbe | undefined {
  const [kind, ...words] = check?.Test ?? [];
  if (check == null || words.length === 0 || (kind !== 'CMD' && kind !== 'CMD-SHELL')) return undefined;
  const shell = Shell.length > 0 ? Shell : DEFAULT_SHELL;
  const milliseconds = (nanos: number, fallback: number) => (nanos > 0 ? nanos / NANOS_PER_MILLI : fallback);
  return {
    command: kind === 'CMD' ? words : [...shell, ...words],
    interval: milliseconds(check.Interval, 30 * SECOND),
    timeout: milliseconds(check.Timeout, 30 * SECOND),
    startPeriod: milliseconds(check.StartPeriod, 0),
    startInterval: milliseconds(check.StartInterval, 5 * SECOND),
    retries: check.Retries > 0 ? check.Retries : 3,
  };
}

/** The check as `inspect` shows it: what is not set is not there. */
export function shownHealthcheck(check: Healthcheck | null | undefined): object | undefined {
  if (check == null) return undefined;
  const set = Object.entries(check).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : value !== 0,
  );
  return Object.fromEntries(set);
}
