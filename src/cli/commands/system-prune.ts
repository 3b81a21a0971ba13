import { defineCommand, noArgs } from '../command.ts';
import { confirm } from '../confirm.ts';
import { CliError } from '../errors.ts';
import { bool, filter } from '../flags.ts';
import { printLine } from '../output.ts';
import {
  type Pruner,
  type PruneWish,
  pruneBuildCache,
  pruneContainers,
  pruneImages,
  pruneNetworks,
  pruneVolumes,
} from '../prune.ts';
import { humanSize } from '../units.ts';

export const command = defineCommand({
  use: '[OPTIONS]',
  args: noArgs,
  flags: {
    all: bool('Remove all unused images not just dangling ones', { short: 'a' }),
    filter: filter('Provide filter values (e.g. "label=<key>=<value>")', { since: '1.28' }),
    force: bool('Do not prompt for confirmation', { short: 'f' }),
    volumes: bool('Prune anonymous volumes'),
  },
  async run({ values, cli }) {
    const wish: PruneWish = { all: values.all, filters: values.filter };
    if (values.volumes && 'until' in wish.filters)
      throw new CliError('ERROR: The "until" filter is not supported with "--volumes"');
    // Containers first: they hold the others.
    const pruners = [
      pruneContainers,
      pruneNetworks,
      ...(values.volumes ? [pruneVolumes] : []),
      pruneImages,
      pruneBuildCache,
    ];
    if (!values.force) await confirm(warning(pruners, wish));
    const client = await cli.client();
    let reclaimed = 0;
    for (const pruner of pruners) reclaimed += await pruner.prune(client, wish);
    printLine(`Total reclaimed space: ${humanSize(reclaimed)}`);
  },
});

function warning(pruners: readonly Pruner[], { all, filters }: PruneWish): string {
  const lines = ['WARNING! This will remove:', ...pruners.map((pruner) => `  - ${pruner.warning(all)}`)];
  const shown = ['label', 'label!', 'until']
    .flatMap((key) => (filters[key] ?? []).map((value) => `  - ${key}=${value}`))
    .sort();
  if (shown.length > 0) lines.push('', '  Items to be pruned will be filtered with:', ...shown);
  return [...lines, ''].join('\n');
}
