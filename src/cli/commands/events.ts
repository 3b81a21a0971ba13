import { formatTimestamp, parseTimeArgument } from '../../api/index.ts';
import { type EngineEvent, System } from '../../client/index.ts';
import { defineCommand, noArgs } from '../command.ts';
import { offset } from '../dates.ts';
import { CliError } from '../errors.ts';
import { filter, filtersJson, string } from '../flags.ts';
import { compile, INSPECT_FORMAT_HELP, type UserTemplate } from '../format.ts';
import { formatExact, parseExact } from '../json-text.ts';
import { printLine } from '../output.ts';

export const command = defineCommand({
  use: '[OPTIONS]',
  args: noArgs,
  flags: {
    filter: filter('Filter output based on conditions provided', { short: 'f' }),
    format: string(INSPECT_FORMAT_HELP),
    since: string('Show all events created since timestamp'),
    until: string('Stream events until this timestamp'),
  },
  async run({ values, cli }) {
    const template = values.format && values.format !== 'json' ? await templateOf(values.format) : undefined;
    const options = {
      since: timestamp(values.since),
      until: timestamp(values.until),
      filters: filtersJson(values.filter),
    };
    for await (const { event, raw } of new System(await cli.client()).events(options)) {
      if (template) printLine(template.run(templateData(event, raw)));
      else if (values.format === 'json') printLine(formatExact(parseExact(raw)));
      else printLine(line(event, raw));
    }
  },
});

function templateOf(source: string): Promise<UserTemplate> {
  return compile(
    source,
    { rootType: '*events.Message', functions: { json: formatExact } },
    ({ detail }) => `Error parsing format: ${detail}`,
  );
}

/** The event with the names that Go gives its fields, which templates use and `json` does not show. */
function templateData(event: EngineEvent, raw: string): object {
  const data = parseExact(raw) as Record<string, unknown>;
  // Engines have not sent the first three since API 1.52, but templates still name them.
  const old = event.Type === 'container' || event.Type === 'image';
  const names = {
    ID: data['id'] ?? (old ? event.Actor.ID : ''),
    Status: data['status'] ?? (old ? event.Action : ''),
    From: data['from'] ?? (old ? event.Actor.Attributes?.['image'] : ''),
    Scope: data['scope'],
    Time: data['time'],
    TimeNano: data['timeNano'],
  };
  for (const [name, value] of Object.entries(names))
    Object.defineProperty(data, name, { value: value ?? '' });
  return data;
}

function timestamp(text: string): string | undefined {
  if (text === '') return undefined;
  try {
    return formatTimestamp(parseTimeArgument(text));
  } catch {
    throw new CliError(`failed to parse value as time or duration: ${JSON.stringify(text)}`);
  }
}

/** `time type action id (key=value, ...)` */
function line(event: EngineEvent, raw: string): string {
  const attributes = Object.entries(event.Actor.Attributes ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort();
  const head = `${time(event, raw)} ${event.Type} ${event.Action} ${event.Actor.ID}`;
  return attributes.length > 0 ? `${head} (${attributes.join(', ')})` : head;
}

/** The event's time in the local zone, to the nanosecond. */
function time(event: EngineEvent, raw: string): string {
  // A double cannot hold it: the digits are taken from the text.
  const nanos = /"timeNano":(\d+)/.exec(raw)?.[1];
  const fraction = nanos ? nanos.slice(-9) : '000000000';
  const date = new Date((nanos ? Number(nanos.slice(0, -9)) : event.time) * 1000);
  const zone = date.getTimezoneOffset();
  const local = new Date(date.getTime() - zone * 60_000).toISOString().slice(0, 19);
  return `${local}.${fraction}${zone === 0 ? 'Z' : offset(zone, ':')}`;
}
