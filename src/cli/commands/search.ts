import { authHeader, Registries, type SearchResult } from '../../client/index.ts';
import { defineCommand, exactly } from '../command.ts';
import { bool, filter, filtersJson, int, string } from '../flags.ts';
import { printList, type View } from '../format.ts';
import { ellipsis } from '../ids.ts';
import { authFor } from '../registry/auth-for.ts';

const DESCRIPTION = 45;

export const command = defineCommand({
  use: '[OPTIONS] TERM',
  args: exactly(1),
  flags: {
    filter: filter('Filter output based on conditions provided', { short: 'f' }),
    format: string('Pretty-print search using a Go template'),
    limit: int('Max number of search results'),
    'no-trunc': bool("Don't truncate output"),
  },
  async run({ values, args, cli }) {
    const [term = ''] = args;
    const host =
      term.includes('/') && /[.:]|^localhost$/.test(term.split('/')[0]!) ? term.split('/')[0]! : 'docker.io';
    const headers = authHeader(await authFor(cli, { canonical: `${host}/` }));
    const query = { term, limit: values.limit || undefined, filters: filtersJson(values.filter) };
    const found = await new Registries(await cli.client()).search(query, headers);
    await printList(view(!values['no-trunc']), found, {
      kind: 'formatter.search',
      format: values.format,
      columns: ['Name', 'Description', 'StarCount', 'IsOfficial'],
    });
  },
});

function view(truncate: boolean): View<SearchResult> {
  const ok = (value: boolean) => (value ? '[OK]' : '');
  return {
    Name: { header: 'NAME', value: (it) => it.name },
    Description: {
      header: 'DESCRIPTION',
      value: ({ description }) => {
        const line = description.replace(/[\r\n]/g, ' ');
        return truncate ? ellipsis(line, DESCRIPTION) : line;
      },
    },
    StarCount: { header: 'STARS', value: (it) => String(it.star_count) },
    IsOfficial: { header: 'OFFICIAL', value: (it) => ok(it.is_official) },
    IsAutomated: { header: 'AUTOMATED', value: (it) => ok(it.is_automated) },
  };
}
