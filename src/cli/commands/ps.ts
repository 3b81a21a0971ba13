import { Containers } from '../../client/index.ts';
import { defineCommand, noArgs } from '../command.ts';
import { CONTAINER_COLUMNS, containerView } from '../container-view.ts';
import { bool, filter, filtersJson, int, string } from '../flags.ts';
import { chooseFormat, FORMAT_HELP, printLines, printList } from '../format.ts';
import { shortId } from '../ids.ts';

export const command = defineCommand({
  use: '[OPTIONS]',
  args: noArgs,
  flags: {
    all: bool('Show all containers (default shows just running)', { short: 'a' }),
    filter: filter('Filter output based on conditions provided', { short: 'f' }),
    format: string(FORMAT_HELP),
    last: int('Show the last n created containers, in whatever state', { short: 'n', initial: -1 }),
    latest: bool('Show the last created container, in whatever state', { short: 'l' }),
    'no-trunc': bool("Don't truncate output"),
    quiet: bool('Only display container IDs', { short: 'q' }),
    size: bool('Display total file sizes', { short: 's' }),
  },
  async run({ values, cli }) {
    const client = await cli.client();
    const format = chooseFormat(values.format, cli.config.psFormat, values.quiet);
    const limit = values.latest && values.last === -1 ? 1 : values.last;
    const containers = await new Containers(client).list({
      all: values.all,
      limit: limit > 0 ? limit : undefined,
      // Working out sizes is slow, so it is asked for only when they are shown.
      size: values.size || /\.Size\b|\bjson\s+\.[\s|}]/.test(format),
      filters: filtersJson(values.filter),
    });
    if (values.quiet) {
      printLines(containers.map(({ Id }) => (values['no-trunc'] ? Id : shortId(Id))));
      return;
    }
    const columns = values.size ? [...CONTAINER_COLUMNS, 'Size'] : CONTAINER_COLUMNS;
    await printList(containerView(!values['no-trunc']), containers, {
      kind: 'formatter.Container',
      format,
      columns,
      explain: ({ phase, detail }) => `failed to ${phase} template: ${detail}`,
    });
  },
});
