import { Volumes } from '../../client/index.ts';
import { defineCommand, exactly } from '../command.ts';
import { bool } from '../flags.ts';
import { printLine } from '../output.ts';

export const command = defineCommand({
  use: '[OPTIONS] VOLUME NEW_VOLUME',
  args: exactly(2),
  flags: { pause: bool('Pause the containers that use the volume meanwhile', { short: 'p', initial: true }) },
  async run({ values, args, cli }) {
    const [from = '', to = ''] = args;
    const query = { name: to, pause: values.pause ? undefined : '0' };
    printLine((await new Volumes(await cli.client()).clone(from, query)).Name);
  },
});
