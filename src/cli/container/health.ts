import type { HealthConfig } from '../../client/index.ts';
import { CliError } from '../errors.ts';
import type { ContainerValues } from './flags.ts';

/** Reads the health flags; undefined when none was given. Throws CliError. */
export function buildHealthcheck(values: ContainerValues): HealthConfig | undefined {
  const command = values['health-cmd'];
  const settings = {
    Interval: positive(values['health-interval'], '--health-interval'),
    Timeout: positive(values['health-timeout'], '--health-timeout'),
    StartPeriod: positive(values['health-start-period'], '--health-start-period'),
    StartInterval: positive(values['health-start-interval'], '--health-start-interval'),
    Retries: positive(values['health-retries'], '--health-retries'),
  };
  const given = Object.entries(settings).filter(([, value]) => value !== 0);
  if (values['no-healthcheck']) {
    if (command !== '' || given.length > 0) {
      throw new CliError('--no-healthcheck conflicts with --health-* options', 125);
    }
    return { Test: ['NONE'] };
  }
  if (command === '' && given.length === 0) return undefined;
  return { ...(command === '' ? {} : { Test: ['CMD-SHELL', command] }), ...Object.fromEntries(given) };
}

function positive(value: number, flag: string): number {
  if (value < 0) throw new CliError(`${flag} cannot be negative`, 125);
  return value;
}
