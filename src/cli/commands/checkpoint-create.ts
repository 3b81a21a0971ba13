import { Containers } from '../../client/index.ts';
import { defineCommand, exactly } from '../command.ts';
import { bool, string } from '../flags.ts';
import { printLine } from '../output.ts';

export const command = defineCommand({
  use: '[OPTIONS] CONTAINER CHECKPOINT',
  args: exactly(2),
  flags: {
    'checkpoint-dir': string('Use a custom checkpoint storage directory'),
    'leave-running': bool('Leave the container running after checkpoint'),
  },
  async run({ values, args, cli }) {
    const [container = '', checkpoint = ''] = args;
    await new Containers(await cli.client()).createCheckpoint(container, {
      CheckpointID: checkpoint,
      CheckpointDir: values['checkpoint-dir'],
      Exit: !values['leave-running'],
    });
    printLine(checkpoint);
  },
});
