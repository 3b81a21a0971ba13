import { atLeast, defineCommand } from '../command.ts';
import { createContainer } from '../container/create.ts';
import { withHelp } from '../container/failure.ts';
import { containerFlags } from '../container/flags.ts';
import { buildRequest } from '../container/request.ts';
import { CliError } from '../errors.ts';
import { printLine } from '../output.ts';

export const command = defineCommand({
  use: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  args: atLeast(1),
  interspersed: false,
  flags: containerFlags,
  async run({ values, changed, args, cli }) {
    const [image = '', ...rest] = args;
    try {
      const request = buildRequest({ values, changed, image, command: rest });
      printLine(await createContainer(cli, request, values));
    } catch (error) {
      // What the command line says wrong comes with the way to the help, what the engine says does not.
      throw error instanceof CliError && error.exitCode === 125 ? withHelp(error, cli.name, 125) : error;
    }
  },
});
