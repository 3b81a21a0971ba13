import { pipeline } from 'node:stream/promises';
import { dial } from '../../client/index.ts';
import { defineCommand, noArgs } from '../command.ts';
import { standardInput } from '../input.ts';

export const command = defineCommand({
  use: '',
  args: noArgs,
  flags: {},
  async run({ cli }) {
    const { endpoint } = await cli.endpoint();
    const stream = await dial(endpoint);
    // Our input may end long before the engine has said its last.
    void pipeline(standardInput(), stream).catch(() => stream.destroy());
    await pipeline(stream, process.stdout);
  },
});
