/** From the quietest to the most talkative. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = 'text' | 'json';

/** What goes beside a message: short names and plain values. An Error is written as its message. */
export type LogFields = Readonly<Record<string, unknown>>;

let threshold = LOG_LEVELS.indexOf('info');
let format: LogFormat = 'text';
let sink = (line: string): void => {
  process.stderr.write(line);
};

/** Sets what is written and how, from now on. A `sink` replaces standard error. */
export function configureLog(options: {
  level?: LogLevel;
  format?: LogFormat;
  sink?: (line: string) => void;
}): void {
  if (options.level) threshold = LOG_LEVELS.indexOf(options.level);
  if (options.format) format = options.format;
  if (options.sink) sink = options.sink;
}

/** Whether a message of this level would be written; ask before working out an expensive one. */
export function logs(level: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) <= threshold;
}

/** The engine's own log, in dockerd's shapes: logfmt (`time="..." level=info msg="..." key=value`) or one JSON object a line. */
export class Logger {
  readonly #fields: LogFields;

  constructor(fields: LogFields = {}) {
    this.#fields = fields;
  }

  /** A logger that adds `fields` to every message. */
  with(fields: LogFields): Logger {
    return new Logger({ ...this.#fields, ...fields });
  }

  fatal(message: string, fields?: LogFields): void {
    this.#write('fatal', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields);
  }

  trace(message: string, fields?: LogFields): void {
    this.#write('trace', message, fields);
  }

  #write(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (!logs(level)) return;
    const name = level === 'warn' ? 'warning' : level;
    const entry = { time: new Date().toISOString(), level: name, msg: message, ...this.#fields, ...fields };
    const render = format === 'json' ? renderJson : renderText;
    sink(`${render(entry)}\n`);
  }
}

/** The engine's log; rooms that want their name on each line use `log.with({ ... })`. */
export const log: Logger = new Logger();

function renderJson(entry: LogFields): string {
  return JSON.stringify(entry, (_, value: unknown) => {
    if (value instanceof Error) return value.message;
    return typeof value === 'bigint' ? value.toString() : value;
  });
}

function renderText(entry: LogFields): string {
  const known = Object.entries(entry).filter(([, value]) => value !== undefined);
  return known.map(([key, value]) => `${key}=${renderValue(value)}`).join(' ');
}

function renderValue(value: unknown): string {
  const text =
    value instanceof Error
      ? value.message
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value);
  return /^[\w\-./@^+]+$/.test(text) ? text : JSON.stringify(text);
}
