import { Containers } from '../../client/index.ts';
import { atLeast, defineCommand } from '../command.ts';
import { print } from '../output.ts';
import { layOut } from '../table.ts';

export const command = defineCommand({
  use: 'CONTAINER [ps OPTIONS]',
  args: atLeast(1),
  interspersed: false,
  flags: {},
  async run({ args, cli }) {
    const [name = '', ...options] = args;
    const { Titles, Processes } = await new Containers(await cli.client()).top(name, options.join(' '));
    print(layOut([Titles, ...(Processes ?? [])], 20, 3));
  },
});
