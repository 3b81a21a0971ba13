import { Containers } from '../../client/index.ts';
import { defineCommand, exactly } from '../command.ts';
import { printLines } from '../format.ts';

const KINDS = ['C', 'A', 'D'];

export const command = defineCommand({
  use: 'CONTAINER',
  args: exactly(1),
  flags: {},
  async run({ args, cli }) {
    const changes = await new Containers(await cli.client()).changes(args[0]!);
    printLines((changes ?? []).map(({ Kind, Path }) => `${KINDS[Kind] ?? ''} ${Path}`));
  },
});
