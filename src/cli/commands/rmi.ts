import { EngineError, Images } from '../../client/index.ts';
import { atLeast, defineCommand } from '../command.ts';
import { ExitStatus } from '../errors.ts';
import { bool, strings } from '../flags.ts';
import { complain, printLine } from '../output.ts';
import { platformJson } from '../platform.ts';
import { describe } from '../report.ts';

export const command = defineCommand({
  use: '[OPTIONS] IMAGE [IMAGE...]',
  args: atLeast(1),
  flags: {
    force: bool('Force removal of the image', { short: 'f' }),
    'no-prune': bool('Do not delete untagged parents'),
    platform: strings('Remove only the given platform variant: os[/arch[/variant]]', { since: '1.50' }),
  },
  async run({ values, args, cli }) {
    const platforms = values.platform.map((platform) => platformJson(platform)!);
    const images = new Images(await cli.client());
    let failed = false;
    for (const name of args) {
      try {
        const items = await images.remove(name, {
          force: values.force,
          noprune: values['no-prune'],
          platforms,
        });
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
