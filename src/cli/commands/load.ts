import { isatty } from 'node:tty';
import { Images, type ProgressMessage, parseJson, readLines } from '../../client/index.ts';
import { defineCommand, noArgs } from '../command.ts';
import { CliError } from '../errors.ts';
import { openInput } from '../files.ts';
import { bool, string } from '../flags.ts';
import { write } from '../output.ts';
import { platformJson } from '../platform.ts';
import { showProgress } from '../progress.ts';

export const command = defineCommand({
  use: '[OPTIONS]',
  args: noArgs,
  flags: {
    input: string('Read from tar archive file, instead of STDIN', { short: 'i' }),
    platform: string('Load only the given platform: os[/arch[/variant]]', { since: '1.48' }),
    quiet: bool('Suppress the load output', { short: 'q' }),
  },
  async run({ values, cli }) {
    if (values.input === '' && isatty(0)) {
      throw new CliError('requested load from stdin, but stdin is empty');
    }
    const input = await openInput(values.input || '-');
    const query = { quiet: values.quiet || !isatty(1), platform: platformJson(values.platform) };
    const response = await new Images(await cli.client()).load(input, query);
    if (!/\bjson\b/.test(response.headers['content-type'] ?? '')) {
      for await (const bytes of response.body) write(1, bytes);
      return;
    }
    await showProgress(messages(response.body), 1);
  },
});

async function* messages(body: AsyncIterable<Buffer>): AsyncGenerator<ProgressMessage, void> {
  for await (const line of readLines(body)) yield parseJson<ProgressMessage>(line);
}
