import { Containers } from '../../client/index.ts';
import { defineCommand, noArgs } from '../command.ts';
import { confirm } from '../confirm.ts';
import { bool, filter, filtersJson } from '../flags.ts';
import { print } from '../output.ts';
import { humanSize } from '../units.ts';

export const command = defineCommand({
  use: '[OPTIONS]',
  args: noArgs,
  flags: {
    filter: filter('Provide filter values (e.g. "until=<timestamp>")'),
    force: bool('Do not prompt for confirmation', { short: 'f' }),
  },
  async run({ values, cli }) {
    if (!values.force) await confirm('WARNING! This will remove all stopped containers.');
    const report = await new Containers(await cli.client()).prune(filtersJson(values.filter));
    const deleted = report.ContainersDeleted ?? [];
    if (deleted.length > 0) print(`Deleted Containers:\n${deleted.join('\n')}\n\n`);
    print(`Total reclaimed space: ${humanSize(report.SpaceReclaimed)}\n`);
  },
});
