import { existsSync } from 'node:fs';
import { InvalidArgument } from '../../../api/index.ts';
import { JOURNAL_SOCKET, journalMessage } from '../../../runtime/index.ts';
import type { ContainerRecord } from '../record.ts';
import { chosenAttributes, validateAttributes } from './attributes.ts';
import type { LogOptions } from './limits.ts';
import type { Shipment } from './shipment.ts';
import { expandTag } from './tag.ts';

const SHORT_ID = 12;

/** Throws InvalidArgument, in Docker's words. */
export function validateJournald(options: LogOptions): void {
  validateAttributes(options);
  if (!existsSync(JOURNAL_SOCKET)) {
    throw new InvalidArgument(
      `failed to initialize logging driver: journald is not enabled on this host: there is no ${JOURNAL_SOCKET}`,
    );
  }
}

/** How the log of a container goes to the machine's journal, with Docker's fields. */
export function journaldShipment(record: ContainerRecord, options: LogOptions): Shipment {
  const tag = expandTag(options['tag'] || '{{.ID}}', record);
  const attributes = Object.entries(chosenAttributes(record, options));
  const fields = {
    ...Object.fromEntries(attributes.map(([name, value]) => [fieldName(name), value])),
    CONTAINER_ID: record.id.slice(0, SHORT_ID),
    CONTAINER_ID_FULL: record.id,
    CONTAINER_NAME: record.name,
    CONTAINER_TAG: tag,
    IMAGE_NAME: record.config.Image,
    SYSLOG_IDENTIFIER: tag,
  };
  return {
    address: { kind: 'unixgram', path: JOURNAL_SOCKET },
    format: (message) => journalMessage(fields, message),
  };
}

/** Fields of the journal have capital letters, digits and underscores, the first of them a letter. */
function fieldName(name: string): string {
  return name
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '_')
    .replace(/^_+/, '');
}
