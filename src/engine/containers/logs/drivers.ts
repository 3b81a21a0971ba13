import { type HostConfig, InvalidArgument } from '../../../api/index.ts';
import type { LogLimits } from '../../../runtime/index.ts';
import type { ContainerRecord } from '../record.ts';
import { ATTRIBUTE_OPTIONS, validateAttributes } from './attributes.ts';
import { journaldShipment, validateJournald } from './journald.ts';
import {
  CACHE_OPTIONS,
  cacheDisabled,
  cacheLimits,
  jsonFileLimits,
  type LogOptions,
  localLimits,
} from './limits.ts';
import type { Shipment } from './shipment.ts';
import { parseSize } from './size.ts';
import { SYSLOG_OPTIONS, syslogShipment, validateSyslog } from './syslog.ts';
import { validateTag } from './tag.ts';

/** A driver and its options, as `--log-driver` and `--log-opt` name them. */
export type LogConfig = HostConfig['LogConfig'];

/** What a log driver does with what conmon writes. */
interface LogDriver {
  /** Its own options, besides those that every driver takes. */
  readonly options: readonly string[];
  /** Docker's words for an option that it does not have. */
  unknown(option: string): string;
  /** Throws InvalidArgument for values that cannot be. */
  validate(options: LogOptions): void;
  /** What is kept of the log; undefined for all of it. */
  limits(options: LogOptions): LogLimits | undefined;
  /** How it is sent away; undefined for one that stays here. */
  readonly ship?: (record: ContainerRecord, options: LogOptions) => Shipment;
}

const DRIVERS: Readonly<Record<string, LogDriver>> = {
  'json-file': {
    options: ['max-size', 'max-file', 'compress', ...ATTRIBUTE_OPTIONS],
    unknown: (option) => `unknown log opt '${option}' for json-file log driver`,
    validate: validateAttributes,
    limits: jsonFileLimits,
  },
  local: {
    options: ['max-size', 'max-file', 'compress'],
    unknown: (option) => `unknown log opt '${option}' for log driver local`,
    validate: () => {},
    limits: localLimits,
  },
  syslog: {
    options: [...SYSLOG_OPTIONS, ...ATTRIBUTE_OPTIONS, ...CACHE_OPTIONS],
    unknown: (option) => `unknown log opt '${option}' for syslog log driver`,
    validate(options) {
      validateAttributes(options);
      validateSyslog(options);
    },
    limits: cacheLimits,
    ship: syslogShipment,
  },
  journald: {
    options: [...ATTRIBUTE_OPTIONS, ...CACHE_OPTIONS],
    unknown: (option) => `unknown log opt '${option}' for journald log driver`,
    validate: validateJournald,
    limits: cacheLimits,
    ship: journaldShipment,
  },
};

/** No log at all; takes any option, and has none. */
const NONE = 'none';

/** The names of the drivers, for `info`. */
export const LOG_DRIVERS: readonly string[] = [...Object.keys(DRIVERS), NONE].sort();

/**
 * Throws InvalidArgument for a driver that is not there or options that it does not have. A container's log never waits for
 * anybody, so `mode` may be said and changes nothing.
 */
export function validateLogConfig({ Type: name, Config: options }: LogConfig): void {
  if (name === NONE) return;
  validateMode(options);
  const driver = Object.hasOwn(DRIVERS, name) ? DRIVERS[name] : undefined;
  if (driver === undefined) {
    throw new InvalidArgument(
      `error looking up logging plugin ${name}: plugin "${name}" not found: use one of ${LOG_DRIVERS.join(', ')}`,
    );
  }
  for (const option of Object.keys(options)) {
    if (!driver.options.includes(option) && !MODE_OPTIONS.includes(option)) {
      throw new InvalidArgument(driver.unknown(option));
    }
  }
  if (options['tag']) validateTag(options['tag']);
  driver.validate(options);
  driver.limits(options);
}

const MODE_OPTIONS: readonly string[] = ['mode', 'max-buffer-size'];

function validateMode(options: LogOptions): void {
  const { mode = '', 'max-buffer-size': size } = options;
  if (!['', 'blocking', 'non-blocking'].includes(mode)) {
    throw new InvalidArgument(`logger: logging mode not supported: ${mode}`);
  }
  if (size === undefined) return;
  if (mode !== 'non-blocking') {
    throw new InvalidArgument("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  }
  try {
    parseSize(size, 1024);
  } catch (error) {
    throw new InvalidArgument(`error parsing option max-buffer-size: ${(error as Error).message}`);
  }
}

/** Whether conmon writes a log at all. */
export function keepsLog({ Type: name }: LogConfig): boolean {
  return name !== NONE;
}

/** What is kept of a container's log; undefined for all of it, or nothing. */
export function limitsOf({ Type: name, Config: options }: LogConfig): LogLimits | undefined {
  return DRIVERS[name]?.limits(options);
}

/** What was asked for, completed with the engine's own driver and options. */
export function completeLogConfig(
  asked: LogConfig,
  engine: { logDriver: string; logOpts: LogOptions },
): LogConfig {
  const driver = asked.Type || engine.logDriver;
  const inherited = driver === engine.logDriver ? engine.logOpts : {};
  return { ...asked, Type: driver, Config: { ...inherited, ...asked.Config } };
}

/** Whether `logs` can give anything. */
export function isReadable(config: LogConfig): boolean {
  return keepsLog(config) && !(isShipped(config) && cacheDisabled(config.Config));
}

function isShipped({ Type: name }: LogConfig): boolean {
  return DRIVERS[name]?.ship !== undefined;
}

/** How a container's log is sent away; undefined for one that stays here. Throws InvalidArgument. */
export function shipmentOf(record: ContainerRecord): Shipment | undefined {
  const { Type: name, Config: options } = record.hostConfig.LogConfig;
  return DRIVERS[name]?.ship?.(record, options);
}

/**
 * Whether lines may go that could not be sent, once there is no more room for them: `mode=non-blocking`. A container does not
 * wait in either mode; without this one, all lines are kept until they can be sent.
 */
export function mayLoseLines({ Config: options }: LogConfig): boolean {
  return options['mode'] === 'non-blocking';
}
