import { EngineError, Networks } from '../../client/index.ts';
import { atLeast, defineCommand } from '../command.ts';
import { forEachName } from '../each.ts';
import { bool } from '../flags.ts';

export const command = defineCommand({
  use: 'NETWORK [NETWORK...]',
  args: atLeast(1),
  flags: { force: bool('Do not error if the network does not exist', { short: 'f' }) },
  async run({ values, args, cli }) {
    const networks = new Networks(await cli.client());
    await forEachName(args, async (name) => {
      try {
        await networks.remove(name);
      } catch (error) {
        if (!values.force || !(error instanceof EngineError && error.status === 404)) throw error;
      }
    });
  },
});
