import { STDERR } from '../../../api/index.ts';
import type { LogMessage } from './message.ts';

/** Where journald takes messages of its native protocol, https://systemd.io/JOURNAL_NATIVE_PROTOCOL. */
export const JOURNAL_SOCKET = '/run/systemd/journal/socket';

const ERROR = '3';
const INFO = '6';
const NEWLINE = 0x0a;

/** A message as a datagram for journald, with `fields` in front. */
export function journalMessage(fields: Readonly<Record<string, string>>, message: LogMessage): Buffer {
  const all: Readonly<Record<string, string | Buffer>> = {
    ...fields,
    PRIORITY: message.stream === STDERR ? ERROR : INFO,
    SYSLOG_TIMESTAMP: message.timestamp,
    ...(message.partial && { CONTAINER_PARTIAL_MESSAGE: 'true' }),
    MESSAGE: message.content,
  };
  return Buffer.concat(Object.entries(all).map(([name, value]) => field(name, Buffer.from(value))));
}

/** A value with newlines comes after its length. */
function field(name: string, value: Buffer): Buffer {
  const newline = Buffer.of(NEWLINE);
  if (!value.includes(NEWLINE)) return Buffer.concat([Buffer.from(`${name}=`), value, newline]);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(value.length));
  return Buffer.concat([Buffer.from(name), newline, size, value, newline]);
}
