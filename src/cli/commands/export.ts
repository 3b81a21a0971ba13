import { isatty } from 'node:tty';
import { Containers } from '../../client/index.ts';
import { defineCommand, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { string } from '../flags.ts';
import { saveTo } from '../save.ts';

export const command = defineCommand({
  use: '[OPTIONS] CONTAINER',
  args: exactly(1),
  flags: { output: string('Write to a file, instead of STDOUT', { short: 'o' }) },
  async run({ values, args, cli }) {
    if (values.output === '' && isatty(1)) {
      throw new CliError('cowardly refusing to save to a terminal. Use the -o flag or redirect');
    }
    const response = await new Containers(await cli.client()).export(args[0]!);
    await saveTo(values.output, response.body);
  },
});
