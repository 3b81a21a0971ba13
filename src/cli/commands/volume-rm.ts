import { Volumes } from '../../client/index.ts';
import { atLeast, defineCommand } from '../command.ts';
import { forEachName } from '../each.ts';
import { bool } from '../flags.ts';

export const command = defineCommand({
  use: '[OPTIONS] VOLUME [VOLUME...]',
  args: atLeast(1),
  flags: {
    force: bool('Force the removal of one or more volumes', { short: 'f', since: '1.25' }),
  },
  async run({ values, args, cli }) {
    const volumes = new Volumes(await cli.client());
    await forEachName(args, (name) => volumes.remove(name, { force: values.force }));
  },
});
