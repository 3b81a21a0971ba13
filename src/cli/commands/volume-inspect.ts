import { Volumes } from '../../client/index.ts';
import { atLeast, defineCommand } from '../command.ts';
import { string } from '../flags.ts';
import { INSPECT_FORMAT_HELP } from '../format.ts';
import { findAll, printFound } from '../inspect.ts';

export const command = defineCommand({
  use: '[OPTIONS] VOLUME [VOLUME...]',
  args: atLeast(1),
  flags: { format: string(INSPECT_FORMAT_HELP, { short: 'f' }) },
  async run({ values, args, cli }) {
    const volumes = new Volumes(await cli.client());
    const found = await findAll(args, (name) => volumes.inspectRaw(name));
    await printFound(found, values.format);
  },
});
