import { authHeader, Images, type ProgressMessage } from '../../client/index.ts';
import { defineCommand, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { bool, string } from '../flags.ts';
import { complain, printLine } from '../output.ts';
import { platformJson } from '../platform.ts';
import { showProgress } from '../progress.ts';
import { parseReference } from '../reference.ts';
import { authFor } from '../registry/auth-for.ts';

export const command = defineCommand({
  use: '[OPTIONS] NAME[:TAG]',
  args: exactly(1),
  flags: {
    'all-tags': bool('Push all tags of an image to the repository', { short: 'a' }),
    'disable-content-trust': bool('Skip image signing', { initial: true }),
    platform: string('Push a platform-specific manifest as a single-platform image to the registry.', {
      since: '1.46',
    }),
    quiet: bool('Suppress verbose output', { short: 'q' }),
  },
  async run({ values, args, cli }) {
    const [name = ''] = args;
    const { 'all-tags': allTags, quiet } = values;
    const reference = parseReference(name);
    if (!reference.named || reference.digest) throw new CliError('cannot push a digest reference');
    const isBare = !/:[^/]*$/.test(name);
    if (allTags && !isBare) throw new CliError("tag can't be used with --all-tags/-a");
    if (isBare && !allTags && !quiet) printLine('Using default tag: latest');
    const { canonical, repository, tag } = reference;
    const headers = authHeader(await authFor(cli, reference));
    const query = { tag: allTags ? undefined : tag, platform: platformJson(values.platform) };
    const notes: string[] = [];
    const lines = noting(new Images(await cli.client()).push(repository, query, headers), notes);
    await showProgress(lines, quiet ? undefined : 1);
    for (const note of notes) complain(note);
    if (quiet) printLine(canonical + (allTags ? '' : `:${tag}`));
  },
});

/** Passes messages on and keeps what they have to say in the end. */
async function* noting(
  messages: AsyncIterable<ProgressMessage>,
  notes: string[],
): AsyncGenerator<ProgressMessage, void> {
  for await (const message of messages) {
    const aux = message.aux as { manifestPushedInsteadOfIndex?: boolean } | undefined;
    if (aux?.manifestPushedInsteadOfIndex) {
      notes.push(
        ' Info → Not all multiplatform-content is present and only the available single-platform image was pushed',
      );
    }
    yield message;
  }
}
