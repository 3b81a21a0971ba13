import { Containers } from '../../client/index.ts';
import { atLeast, defineCommand } from '../command.ts';
import { bool, string } from '../flags.ts';
import { INSPECT_FORMAT_HELP } from '../format.ts';
import { findAll, printFound } from '../inspect.ts';

export const command = defineCommand({
  use: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  flags: {
    format: string(INSPECT_FORMAT_HELP, { short: 'f' }),
    size: bool('Display total file sizes', { short: 's' }),
  },
  async run({ values, args, cli }) {
    const containers = new Containers(await cli.client());
    const found = await findAll(args, (name) => containers.inspectRaw(name, { size: values.size }));
    await printFound(found, values.format);
  },
});
