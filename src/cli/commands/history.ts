import { type HistoryItem, Images } from '../../client/index.ts';
import { defineCommand, exactly } from '../command.ts';
import { localRfc3339 } from '../dates.ts';
import { bool, string } from '../flags.ts';
import { chooseFormat, FORMAT_HELP, printLines, printList, type View } from '../format.ts';
import { ellipsis, shortId } from '../ids.ts';
import { platformJson } from '../platform.ts';
import { ago, humanSize } from '../units.ts';

export const command = defineCommand({
  use: '[OPTIONS] IMAGE',
  args: exactly(1),
  flags: {
    format: string(FORMAT_HELP),
    human: bool('Print sizes and dates in human readable format', { short: 'H', initial: true }),
    'no-trunc': bool("Don't truncate output"),
    platform: string('Show history for the given platform: os[/arch[/variant]]', { since: '1.48' }),
    quiet: bool('Only show image IDs', { short: 'q' }),
  },
  async run({ values, args, cli }) {
    const format = chooseFormat(values.format, undefined, values.quiet);
    const query = { platform: platformJson(values.platform) };
    const items = await new Images(await cli.client()).history(args[0]!, query);
    const view = historyView(!values['no-trunc'], values.human);
    if (values.quiet) return printLines(items.map((item) => String(view['ID']!.value(item))));
    const columns = ['ID', values.human ? 'CreatedSince' : 'CreatedAt', 'CreatedBy', 'Size', 'Comment'];
    await printList(view, items, { kind: 'image.history', format, columns });
  },
});

function historyView(truncate: boolean, human: boolean): View<HistoryItem> {
  return {
    ID: { header: 'IMAGE', value: ({ Id }) => (truncate ? shortId(Id) : Id) },
    CreatedSince: { header: 'CREATED', value: ({ Created }) => (Created > 0 ? ago(Created) : 'N/A') },
    CreatedAt: { header: 'CREATED AT', value: ({ Created }) => localRfc3339(Created) },
    CreatedBy: {
      header: 'CREATED BY',
      value: ({ CreatedBy }) => {
        const text = CreatedBy.replaceAll('\t', ' ');
        return truncate ? ellipsis(text, 45) : text;
      },
    },
    Size: { header: 'SIZE', value: ({ Size }) => (human ? humanSize(Size, 3) : String(Size)) },
    Comment: { header: 'COMMENT', value: ({ Comment }) => Comment },
  };
}
