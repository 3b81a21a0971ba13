import { Images } from '../../client/index.ts';
import { atLeast, defineCommand } from '../command.ts';
import { string } from '../flags.ts';
import { INSPECT_FORMAT_HELP } from '../format.ts';
import { findAll, printFound } from '../inspect.ts';
import { platformJson } from '../platform.ts';

export const command = defineCommand({
  use: '[OPTIONS] IMAGE [IMAGE...]',
  args: atLeast(1),
  flags: {
    format: string(INSPECT_FORMAT_HELP, { short: 'f' }),
    platform: string('Inspect a specific platform of a multi-platform image: os[/arch[/variant]]', {
      since: '1.49',
    }),
  },
  async run({ values, args, cli }) {
    const images = new Images(await cli.client());
    const query = { platform: platformJson(values.platform) };
    await printFound(await findAll(args, (name) => images.inspectRaw(name, query)), values.format);
  },
});
