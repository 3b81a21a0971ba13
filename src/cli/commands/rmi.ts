import { EngineError, Images } from '../../client/index.ts';
import { atLeast, defineCommand } from '../command.ts';
import { ExitStatus } from '../errors.ts';
import { bool } from '../flags.ts';
import { complain, printLine } from '../output.ts';
import { describe } from '../report.ts';

export const command = defineCommand({
  use: '[OPTIONS] IMAGE [IMAGE...]',
  args: atLeast(1),
  flags: {
    force: bool('Force removal of the image', { short: 'f' }),
    'no-prune': bool('Do not delete untagged parents'),
  },
  async run({ values, args, cli }) {
    const images = new Images(await cli.client());
    let failed = false;
    for (const name of args) {
      try {
        const items = await images.remove(name, { force: values.force, noprune: values['no-prune'] });
        for (const item of items)
          printLine(item.Deleted ? `Deleted: ${item.Deleted}` : `Untagged: ${item.Untagged}`);
      } catch (error) {
        complain(describe(error));
        // With --force an image that is not there is no failure.
        failed ||= !(values.force && error instanceof EngineError && error.status === 404);
      }
    }
    if (failed) throw new ExitStatus(1);
  },
});
