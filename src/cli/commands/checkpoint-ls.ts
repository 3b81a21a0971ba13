import { Containers } from '../../client/index.ts';
import { defineCommand, exactly } from '../command.ts';
import { string } from '../flags.ts';
import { printLines } from '../format.ts';

export const command = defineCommand({
  use: '[OPTIONS] CONTAINER',
  args: exactly(1),
  flags: { 'checkpoint-dir': string('Use a custom checkpoint storage directory') },
  async run({ values, args, cli }) {
    const list = await new Containers(await cli.client()).checkpoints(args[0]!, values['checkpoint-dir']);
    printLines(['CHECKPOINT NAME', ...list.map(({ Name }) => Name)]);
  },
});
