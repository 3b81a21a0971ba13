import { defineCommand, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { bool, string } from '../flags.ts';
import { printLine } from '../output.ts';
import { pullImage } from '../pull.ts';
import { parseReference } from '../reference.ts';

export const command = defineCommand({
  use: '[OPTIONS] NAME[:TAG|@DIGEST]',
  args: exactly(1),
  flags: {
    'all-tags': bool('Download all tagged images in the repository', { short: 'a' }),
    'disable-content-trust': bool('Skip image verification', { initial: true }),
    platform: string('Set platform if server is multi-platform capable', { since: '1.32' }),
    quiet: bool('Suppress verbose output', { short: 'q' }),
  },
  async run({ values, args, cli }) {
    const [name = ''] = args;
    const { 'all-tags': allTags, quiet, platform } = values;
    const reference = parseReference(name);
    if (!reference.named) throw new CliError('invalid reference format');
    const isBare = name.replace(/^.*\//, '').search(/[:@]/) < 0;
    if (allTags && !isBare) throw new CliError("tag can't be used with --all-tags/-a");
    if (isBare && !allTags && !quiet) printLine('Using default tag: latest');
    await pullImage(cli, reference, { platform: platform || undefined, quiet, allTags, fd: 1 });
    const { canonical, tag, digest } = reference;
    printLine(canonical + (allTags ? '' : (tag ? `:${tag}` : '') + (digest ? `@${digest}` : '')));
  },
});
