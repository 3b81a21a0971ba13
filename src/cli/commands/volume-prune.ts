import { Volumes } from '../../client/index.ts';
import { defineCommand, noArgs } from '../command.ts';
import { confirm } from '../confirm.ts';
import { CliError } from '../errors.ts';
import { bool, filter, filtersJson } from '../flags.ts';
import { print } from '../output.ts';
import { humanSize } from '../units.ts';

export const command = defineCommand({
  use: '[OPTIONS]',
  args: noArgs,
  flags: {
    all: bool('Remove all unused volumes, not just anonymous ones', { short: 'a', since: '1.42' }),
    filter: filter('Provide filter values (e.g. "label=<label>")'),
    force: bool('Do not prompt for confirmation', { short: 'f' }),
  },
  async run({ values, cli }) {
    if (values.all && values.filter['all'] !== undefined)
      throw new CliError('conflicting options: cannot specify both --all and --filter all=1');
    const filters = values.all ? { ...values.filter, all: ['true'] } : values.filter;
    const which = values.all ? 'all local volumes' : 'anonymous local volumes';
    if (!values.force)
      await confirm(`WARNING! This will remove ${which} not used by at least one container.`);
    const report = await new Volumes(await cli.client()).prune(filtersJson(filters));
    const deleted = report.VolumesDeleted ?? [];
    if (deleted.length > 0) print(`Deleted Volumes:\n${deleted.join('\n')}\n\n`);
    print(`Total reclaimed space: ${humanSize(report.SpaceReclaimed)}\n`);
  },
});
