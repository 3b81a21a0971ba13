import { Networks } from '../../client/index.ts';
import { atLeast, defineCommand } from '../command.ts';
import { bool, string } from '../flags.ts';
import { INSPECT_FORMAT_HELP } from '../format.ts';
import { findAll, printFound } from '../inspect.ts';

export const command = defineCommand({
  use: '[OPTIONS] NETWORK [NETWORK...]',
  args: atLeast(1),
  flags: {
    format: string(INSPECT_FORMAT_HELP, { short: 'f' }),
    verbose: bool('Verbose output for diagnostics', { short: 'v' }),
  },
  async run({ values, args, cli }) {
    const networks = new Networks(await cli.client());
    const found = await findAll(args, (name) => networks.inspectRaw(name, values.verbose));
    await printFound(found, values.format);
  },
});
