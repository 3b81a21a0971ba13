import { Networks } from '../../client/index.ts';
import { defineCommand, exactly } from '../command.ts';
import { bool } from '../flags.ts';

export const command = defineCommand({
  use: '[OPTIONS] NETWORK CONTAINER',
  args: exactly(2),
  flags: { force: bool('Force the container to disconnect from a network', { short: 'f' }) },
  async run({ values, args, cli }) {
    const [network = '', container = ''] = args;
    await new Networks(await cli.client()).disconnect(network, container, values.force);
  },
});
