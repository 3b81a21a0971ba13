import { defineCommand, noArgs } from '../command.ts';
import { confirm } from '../confirm.ts';
import { bool, filter } from '../flags.ts';
import { printLine } from '../output.ts';
import { pruneImages } from '../prune.ts';
import { humanSize } from '../units.ts';

export const command = defineCommand({
  use: '[OPTIONS]',
  args: noArgs,
  flags: {
    all: bool('Remove all unused images, not just dangling ones', { short: 'a' }),
    filter: filter('Provide filter values (e.g. "until=<timestamp>")'),
    force: bool('Do not prompt for confirmation', { short: 'f' }),
  },
  async run({ values, cli }) {
    const { all, filter: filters, force } = values;
    if (!force) await confirm(`WARNING! This will remove ${pruneImages.warning(all)}.`);
    const reclaimed = await pruneImages.prune(await cli.client(), { all, filters });
    printLine(`Total reclaimed space: ${humanSize(reclaimed)}`);
  },
});
