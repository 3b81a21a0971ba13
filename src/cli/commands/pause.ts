import { Containers } from '../../client/index.ts';
import { atLeast, defineCommand } from '../command.ts';
import { forEachName, PARALLEL } from '../each.ts';

export const command = defineCommand({
  use: 'CONTAINER [CONTAINER...]',
  args: atLeast(1),
  flags: {},
  async run({ args, cli }) {
    const containers = new Containers(await cli.client());
    await forEachName(args, (name) => containers.pause(name), { parallel: PARALLEL });
  },
});
