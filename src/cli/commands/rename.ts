import { Containers } from '../../client/index.ts';
import { defineCommand, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { complain } from '../output.ts';
import { describe } from '../report.ts';

export const command = defineCommand({
  use: 'CONTAINER NEW_NAME',
  args: exactly(2),
  flags: {},
  async run({ args, cli }) {
    const [from = '', to = ''] = args.map((name) => name.trim());
    if (from === '' || to === '') throw new CliError('Error: Neither old nor new names may be empty');
    try {
      await new Containers(await cli.client()).rename(from, to);
    } catch (error) {
      complain(describe(error));
      throw new CliError(`Error: failed to rename container named ${from}`, 1, { cause: error });
    }
  },
});
