import { Networks } from '../../client/index.ts';
import { defineCommand, noArgs } from '../command.ts';
import { bool, filter, filtersJson, string } from '../flags.ts';
import { chooseFormat, FORMAT_HELP, printLines, printList } from '../format.ts';
import { shortId } from '../ids.ts';
import { networkView } from '../network/view.ts';

export const command = defineCommand({
  use: '[OPTIONS]',
  args: noArgs,
  flags: {
    filter: filter('Provide filter values (e.g. "driver=bridge")', { short: 'f' }),
    format: string(FORMAT_HELP),
    'no-trunc': bool('Do not truncate the output'),
    quiet: bool('Only display network IDs', { short: 'q' }),
  },
  async run({ values, cli }) {
    const format = chooseFormat(values.format, cli.config.networksFormat, values.quiet);
    const listed = await new Networks(await cli.client()).list(filtersJson(values.filter));
    const collator = new Intl.Collator('en', { numeric: true });
    const networks = [...listed].sort((one, other) => collator.compare(one.Name, other.Name));
    if (values.quiet) {
      printLines(networks.map(({ Id }) => (values['no-trunc'] ? Id : shortId(Id))));
      return;
    }
    const columns = ['ID', 'Name', 'Driver', 'Scope'];
    await printList(networkView(!values['no-trunc']), networks, {
      kind: 'formatter.network',
      format,
      columns,
    });
  },
});
