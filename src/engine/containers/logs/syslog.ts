import { readFileSync, statSync } from 'node:fs';
import { InvalidArgument, messageOf } from '../../../api/index.ts';
import { type SinkAddress, type SyslogFormat, syslogMessage } from '../../../runtime/index.ts';
import type { ContainerRecord } from '../record.ts';
import type { LogOptions } from './limits.ts';
import type { Shipment } from './shipment.ts';
import { expandTag } from './tag.ts';

const FACILITIES = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'],
  // Numbers 12 to 15 have no names.
  ...['', '', '', ''],
  ...['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
];
const DAEMON = 3;
const FORMATS: readonly string[] = ['rfc3164', 'rfc5424', 'rfc5424micro'];
const PORT = 514;
/** The machine's own syslog. */
const LOCAL = '/dev/log';

export const SYSLOG_OPTIONS = [
  ...['syslog-address', 'syslog-facility', 'syslog-format'],
  ...['syslog-tls-ca-cert', 'syslog-tls-cert', 'syslog-tls-key', 'syslog-tls-skip-verify'],
] as const;

/** Throws InvalidArgument, in Docker's words. */
export function validateSyslog(options: LogOptions): void {
  const address = syslogAddress(options);
  if ('path' in address && options['syslog-address'] !== undefined) {
    try {
      statSync(address.path);
    } catch {
      throw new InvalidArgument(`stat ${address.path}: no such file or directory`);
    }
  }
  facility(options);
  format(options);
  if (address.kind === 'tls') readTls(options);
}

/** How the log of a container goes to a syslog server. Throws InvalidArgument. */
export function syslogShipment(record: ContainerRecord, options: LogOptions): Shipment {
  const address = syslogAddress(options);
  const how = {
    format: format(options),
    facility: facility(options),
    tag: expandTag(options['tag'] || '{{.ID}}', record),
    counted: address.kind === 'tls' && options['syslog-format']?.startsWith('rfc5424') === true,
  };
  return {
    address: address.kind === 'tls' ? { ...address, tls: readTls(options) } : address,
    format: (message) => syslogMessage(how, message),
  };
}

function syslogAddress(options: LogOptions): SinkAddress {
  const text = options['syslog-address'];
  if (!text) return { kind: 'unixgram', path: LOCAL };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme = url?.protocol.slice(0, -1);
  if (url !== undefined && (scheme === 'unix' || scheme === 'unixgram')) {
    return { kind: scheme, path: decodeURIComponent(url.pathname) };
  }
  if (url === undefined || !['tcp', 'udp', 'tcp+tls'].includes(scheme!)) {
    throw new InvalidArgument(`syslog-address should be in form proto://address, got ${text}`);
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = Number(url.port || PORT);
  return scheme === 'tcp+tls'
    ? { kind: 'tls', host, port, tls: {} }
    : { kind: scheme as 'tcp' | 'udp', host, port };
}

function facility(options: LogOptions): number {
  const text = options['syslog-facility'];
  if (!text) return DAEMON;
  const named = FACILITIES.indexOf(text);
  const number = named >= 0 ? named : /^\d+$/.test(text) ? Number(text) : FACILITIES.length;
  if (number >= FACILITIES.length) throw new InvalidArgument('invalid syslog facility');
  return number;
}

function format(options: LogOptions): SyslogFormat {
  const text = options['syslog-format'];
  if (!text) return 'unix';
  if (!FORMATS.includes(text)) throw new InvalidArgument('Invalid syslog format');
  return text as SyslogFormat;
}

function readTls(options: LogOptions): Extract<SinkAddress, { kind: 'tls' }>['tls'] {
  const file = (name: string): Buffer | undefined => {
    const path = options[`syslog-tls-${name}`];
    try {
      return path ? readFileSync(path) : undefined;
    } catch (error) {
      throw new InvalidArgument(`cannot read syslog-tls-${name}: ${messageOf(error)}`);
    }
  };
  const [ca, cert, key] = [file('ca-cert'), file('cert'), file('key')];
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    // As with Docker, whatever value stands there.
    rejectUnauthorized: options['syslog-tls-skip-verify'] === undefined,
  };
}
