import { Images } from '../../client/index.ts';
import { atMost, defineCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import { bool, filter, filtersJson, string } from '../flags.ts';
import { chooseFormat, FORMAT_HELP, printLines, printList } from '../format.ts';
import { shortId } from '../ids.ts';
import { imageView, nameImages } from '../image-view.ts';

export const command = defineCommand({
  use: '[OPTIONS] [REPOSITORY[:TAG]]',
  args: atMost(1),
  flags: {
    all: bool('Show all images (default hides intermediate images)', { short: 'a' }),
    digests: bool('Show digests'),
    filter: filter('Filter output based on conditions provided', { short: 'f' }),
    format: string(FORMAT_HELP),
    'no-trunc': bool("Don't truncate output"),
    quiet: bool('Only show image IDs', { short: 'q' }),
    tree: bool('List multi-platform images as a tree', { hidden: true }),
  },
  async run({ values, args, cli }) {
    if (values.tree) throw new CliError('--tree is not supported: use --format or image inspect');
    const filters = args[0]
      ? { ...values.filter, reference: [...(values.filter['reference'] ?? []), args[0]] }
      : values.filter;
    const format = chooseFormat(values.format, cli.config.imagesFormat, values.quiet);
    const listed = await new Images(await cli.client()).list({
      all: values.all,
      filters: filtersJson(filters),
    });
    // Newest first, as engines of every age are expected to.
    const images = [...listed].sort((a, b) => b.Created - a.Created);
    const digests = values.digests || /\.Digest\b/.test(format);
    const named = nameImages(images, digests);
    if (values.quiet) {
      printLines(named.map(({ Id }) => (values['no-trunc'] ? Id : shortId(Id))));
      return;
    }
    const columns = [
      'Repository',
      'Tag',
      ...(values.digests ? ['Digest'] : []),
      'ID',
      'CreatedSince',
      'Size',
    ];
    await printList(imageView(!values['no-trunc']), named, { kind: 'formatter.image', format, columns });
  },
});
