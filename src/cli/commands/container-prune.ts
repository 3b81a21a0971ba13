import { defineCommand, noArgs } from '../command.ts';
import { confirm } from '../confirm.ts';
import { bool, filter } from '../flags.ts';
import { printLine } from '../output.ts';
import { pruneContainers } from '../prune.ts';
import { humanSize } from '../units.ts';

export const command = defineCommand({
  use: '[OPTIONS]',
  args: noArgs,
  flags: {
    filter: filter('Provide filter values (e.g. "until=<timestamp>")'),
    force: bool('Do not prompt for confirmation', { short: 'f' }),
  },
  async run({ values, cli }) {
    if (!values.force) await confirm(`WARNING! This will remove ${pruneContainers.warning(false)}.`);
    const wish = { all: false, filters: values.filter };
    const reclaimed = await pruneContainers.prune(await cli.client(), wish);
    printLine(`Total reclaimed space: ${humanSize(reclaimed)}`);
  },
});
