import { Volumes } from '../../client/index.ts';
import { defineCommand, exactly } from '../command.ts';

export const command = defineCommand({
  use: 'VOLUME NEW_NAME',
  args: exactly(2),
  flags: {},
  async run({ args, cli }) {
    const [from = '', to = ''] = args;
    await new Volumes(await cli.client()).rename(from, to);
  },
});
