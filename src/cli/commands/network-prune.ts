import { defineCommand, noArgs } from '../command.ts';
import { confirm } from '../confirm.ts';
import { bool, filter } from '../flags.ts';
import { pruneNetworks } from '../prune.ts';

export const command = defineCommand({
  use: '[OPTIONS]',
  args: noArgs,
  flags: {
    filter: filter('Provide filter values (e.g. "until=<timestamp>")'),
    force: bool('Do not prompt for confirmation', { short: 'f' }),
  },
  async run({ values, cli }) {
    if (!values.force) {
      await confirm('WARNING! This will remove all custom networks not used by at least one container.');
    }
    await pruneNetworks.prune(await cli.client(), { all: false, filters: values.filter });
  },
});
