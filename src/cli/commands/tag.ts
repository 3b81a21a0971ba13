import { Images } from '../../client/index.ts';
import { defineCommand, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { parseReference } from '../reference.ts';

export const command = defineCommand({
  use: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  args: exactly(2),
  flags: {},
  async run({ args, cli }) {
    const [source = '', target = ''] = args;
    const { repository, tag, digest, named } = parseTarget(target);
    if (!named || digest) throw new CliError('refusing to create a tag with a digest reference');
    await new Images(await cli.client()).tag(source, repository, tag);
  },
});

function parseTarget(target: string): ReturnType<typeof parseReference> {
  try {
    return parseReference(target);
  } catch (error) {
    throw new CliError(
      `Error parsing reference: ${JSON.stringify(target)} is not a valid repository/tag: ${(error as Error).message}`,
    );
  }
}
