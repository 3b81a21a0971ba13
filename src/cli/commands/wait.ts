import { Containers } from '../../client/index.ts';
import { atLeast, defineCommand } from '../command.ts';
import { forEachName } from '../each.ts';
import { CliError } from '../errors.ts';
import { printLine } from '../output.ts';

export const command = defineCommand({
  use: 'CONTAINER [CONTAINER...]',
  args: atLeast(1),
  flags: {},
  async run({ args, cli }) {
    const containers = new Containers(await cli.client());
    const waitFor = async (name: string): Promise<void> => {
      const { StatusCode, Error: problem } = await (await containers.wait(name)).exit;
      if (problem?.Message) throw new CliError(problem.Message);
      printLine(String(StatusCode));
    };
    await forEachName(args, waitFor, { silent: true });
  },
});
