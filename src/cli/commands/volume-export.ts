import { isatty } from 'node:tty';
import { Volumes } from '../../client/index.ts';
import { defineCommand, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { bool, string } from '../flags.ts';
import { saveTo } from '../save.ts';

export const command = defineCommand({
  use: '[OPTIONS] VOLUME',
  args: exactly(1),
  flags: {
    output: string('Write to a file, instead of STDOUT', { short: 'o' }),
    pause: bool('Pause the containers that use the volume while it is copied', { short: 'p', initial: true }),
  },
  async run({ values, args, cli }) {
    if (values.output === '' && isatty(1)) {
      throw new CliError('cowardly refusing to save to a terminal. Use the -o flag or redirect');
    }
    const query = { pause: values.pause ? undefined : '0' };
    const response = await new Volumes(await cli.client()).export(args[0]!, query);
    await saveTo(values.output, response.body);
  },
});
