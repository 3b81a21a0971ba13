import { Volumes } from '../../client/index.ts';
import { defineCommand, noArgs } from '../command.ts';
import { CliError } from '../errors.ts';
import { bool, filter, filtersJson, string } from '../flags.ts';
import { chooseFormat, FORMAT_HELP, printLines, printList } from '../format.ts';
import { complain } from '../output.ts';
import { volumeView } from '../volume-view.ts';

export const command = defineCommand({
  use: '[OPTIONS]',
  args: noArgs,
  flags: {
    cluster: bool('Display only cluster volumes, and use cluster volume list formatting', {
      since: '1.42',
      hidden: true,
    }),
    filter: filter('Provide filter values (e.g. "dangling=true")', { short: 'f' }),
    format: string(FORMAT_HELP),
    quiet: bool('Only display volume names', { short: 'q' }),
  },
  async run({ values, cli }) {
    if (values.cluster) throw new CliError('--cluster lists volumes of a cluster, which Berth does not have');
    const format = chooseFormat(values.format, cli.config.volumesFormat, values.quiet);
    const { volumes, warnings } = await new Volumes(await cli.client()).list(filtersJson(values.filter));
    for (const warning of warnings) complain(`WARNING: ${warning}`);
    const collator = new Intl.Collator('en', { numeric: true });
    const sorted = [...volumes].sort((one, other) => collator.compare(one.Name, other.Name));
    if (values.quiet) printLines(sorted.map(({ Name }) => Name));
    else
      await printList(volumeView, sorted, { kind: 'formatter.volume', format, columns: ['Driver', 'Name'] });
  },
});
