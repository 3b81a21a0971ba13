import { FrameDecoder, formatTimestamp, parseTimeArgument, STDERR, SYSTEM_ERROR } from '../../api/index.ts';
import { Containers } from '../../client/index.ts';
import { defineCommand, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { bool, string } from '../flags.ts';
import { write } from '../output.ts';

export const command = defineCommand({
  use: '[OPTIONS] CONTAINER',
  args: exactly(1),
  flags: {
    details: bool('Show extra details provided to logs'),
    follow: bool('Follow log output', { short: 'f' }),
    since: string(
      'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    ),
    tail: string('Number of lines to show from the end of the logs', { short: 'n', initial: 'all' }),
    timestamps: bool('Show timestamps', { short: 't' }),
    until: string(
      'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
      {
        since: '1.35',
      },
    ),
  },
  async run({ values, args, cli }) {
    const containers = new Containers(await cli.client());
    const { Id, Config } = await containers.inspect(args[0]!);
    const { details, follow, tail, timestamps } = values;
    const response = await containers.logs(Id, {
      stdout: true,
      stderr: true,
      details,
      follow,
      tail,
      timestamps,
      since: timestamp(values.since, 'since'),
      until: timestamp(values.until, 'until'),
    });
    if (Config.Tty) {
      for await (const bytes of response.body) write(1, bytes);
      return;
    }
    const decoder = new FrameDecoder();
    for await (const bytes of response.body) {
      for (const { stream, data } of decoder.push(bytes)) {
        if (stream === SYSTEM_ERROR)
          throw new CliError(`error from daemon in stream: ${data.toString('utf8').trim()}`);
        write(stream === STDERR ? 2 : 1, data);
      }
    }
  },
});

function timestamp(text: string, name: string): string | undefined {
  if (text === '') return undefined;
  try {
    return formatTimestamp(parseTimeArgument(text));
  } catch {
    throw new CliError(
      `invalid value for "${name}": failed to parse value as time or duration: ${JSON.stringify(text)}`,
    );
  }
}
