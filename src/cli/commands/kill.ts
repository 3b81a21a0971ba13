import { Containers } from '../../client/index.ts';
import { atLeast, defineCommand } from '../command.ts';
import { forEachName, PARALLEL } from '../each.ts';
import { string } from '../flags.ts';

export const command = defineCommand({
  use: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  flags: { signal: string('Signal to send to the container', { short: 's' }) },
  async run({ values, args, cli }) {
    const containers = new Containers(await cli.client());
    await forEachName(args, (name) => containers.kill(name, values.signal || undefined), {
      parallel: PARALLEL,
    });
  },
});
