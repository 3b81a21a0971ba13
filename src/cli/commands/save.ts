import { isatty } from 'node:tty';
import { Images } from '../../client/index.ts';
import { atLeast, defineCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import { string } from '../flags.ts';
import { platformJson } from '../platform.ts';
import { checkOutput, saveTo } from '../save.ts';

export const command = defineCommand({
  use: '[OPTIONS] IMAGE [IMAGE...]',
  args: atLeast(1),
  flags: {
    output: string('Write to a file, instead of STDOUT', { short: 'o' }),
    platform: string('Save only the given platform: os[/arch[/variant]]', { since: '1.48' }),
  },
  async run({ values, args, cli }) {
    if (values.output === '' && isatty(1)) {
      throw new CliError('cowardly refusing to save to a terminal. Use the -o flag or redirect');
    }
    await checkOutput(values.output).catch((error: Error) => {
      throw new CliError(`failed to save image: ${error.message}`);
    });
    const response = await new Images(await cli.client()).save(args, platformJson(values.platform));
    await saveTo(values.output, response.body);
  },
});
