import { hostname } from 'node:os';
import { STDERR } from '../../../api/index.ts';
import type { LogMessage } from './message.ts';

/** Formats of syslog messages as Docker names them; `unix` is what it uses unless told. */
export type SyslogFormat = 'unix' | 'rfc3164' | 'rfc5424' | 'rfc5424micro';

/** What every message of a container has in common. */
export interface SyslogOptions {
  readonly format: SyslogFormat;
  /** Number of the facility, 0 to 23. */
  readonly facility: number;
  readonly tag: string;
  /** RFC 5425: each message comes after its length, for newlines do not end it. */
  readonly counted: boolean;
}

const ERROR = 3;
const INFO = 6;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A message in one of the formats of syslog, with the time at which the container wrote it. Each ends with a newline. */
export function syslogMessage(options: SyslogOptions, { stream, timestamp, content }: LogMessage): Buffer {
  const priority = options.facility * 8 + (stream === STDERR ? ERROR : INFO);
  const head = Buffer.from(header(options, priority, timestamp));
  const message = Buffer.concat([head, content, Buffer.from('\n')]);
  return options.counted ? Buffer.concat([Buffer.from(`${message.length} `), message]) : message;
}

function header({ format, tag }: SyslogOptions, priority: number, timestamp: string): string {
  const host = hostname();
  const { pid } = process;
  if (format === 'unix') return `<${priority}>${stamp(timestamp)} ${tag}[${pid}]: `;
  if (format === 'rfc3164') return `<${priority}>${stamp(timestamp)} ${host} ${tag}[${pid}]: `;
  const time =
    format === 'rfc5424' ? timestamp.replace(/\.\d+/, '') : timestamp.replace(/(\.\d{6})\d+/, '$1');
  return `<${priority}>1 ${time} ${host} ${tag} ${pid} ${tag} - `;
}

/** `Jan  2 15:04:05` in local time, as RFC 3164 has it. */
function stamp(timestamp: string): string {
  const time = new Date(timestamp);
  const two = (number: number) => String(number).padStart(2, '0');
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return `${MONTHS[time.getMonth()]} ${String(time.getDate()).padStart(2)} ${clock}`;
}
