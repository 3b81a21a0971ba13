import { Images } from '../../client/index.ts';
import { between, defineCommand } from '../command.ts';
import { bool, list, string } from '../flags.ts';
import { printLine } from '../output.ts';
import { parseReference } from '../reference.ts';

export const command = defineCommand({
  use: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
  args: between(1, 2),
  flags: {
    author: string('Author (e.g., "Ada Lovelace <ada@example.com>")', { short: 'a' }),
    change: list('Apply Dockerfile instruction to the created image', { short: 'c' }),
    message: string('Commit message', { short: 'm' }),
    pause: bool('Pause container during commit', { short: 'p', initial: true }),
  },
  async run({ values, args, cli }) {
    const [container = '', name] = args;
    const reference = name === undefined ? undefined : parseReference(name);
    const query = {
      container,
      repo: reference?.repository,
      tag: reference?.tag,
      comment: values.message || undefined,
      author: values.author || undefined,
      changes: values.change,
      pause: values.pause ? undefined : '0',
    };
    printLine(await new Images(await cli.client()).commit(query, null));
  },
});
