import { Containers } from '../../client/index.ts';
import { defineCommand, exactly } from '../command.ts';
import { string } from '../flags.ts';

export const command = defineCommand({
  use: '[OPTIONS] CONTAINER CHECKPOINT',
  args: exactly(2),
  flags: { 'checkpoint-dir': string('Use a custom checkpoint storage directory') },
  async run({ values, args, cli }) {
    const [container = '', checkpoint = ''] = args;
    const containers = new Containers(await cli.client());
    await containers.removeCheckpoint(container, checkpoint, values['checkpoint-dir']);
  },
});
