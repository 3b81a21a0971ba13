import { Containers } from '../../client/index.ts';
import { startAttached } from '../attach/attached.ts';
import { startFailureCode } from '../attach/exit.ts';
import { requireTerminal, terminalSize } from '../attach/terminal.ts';
import { atLeast, defineCommand } from '../command.ts';
import { createContainer } from '../container/create.ts';
import { withHelp } from '../container/failure.ts';
import { containerFlags } from '../container/flags.ts';
import { buildRequest } from '../container/request.ts';
import { CliError, ExitStatus } from '../errors.ts';
import { bool, string } from '../flags.ts';
import { printLine } from '../output.ts';

export const command = defineCommand({
  use: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  args: atLeast(1),
  interspersed: false,
  flags: {
    ...containerFlags,
    detach: bool('Run container in background and print container ID', { short: 'd' }),
    'detach-keys': string('Override the key sequence for detaching a container'),
    'sig-proxy': bool('Proxy received signals to the process', { initial: true }),
  },
  async run({ values, changed, args, cli }) {
    const [image = '', ...rest] = args;
    if (values.detach && values.attach.length > 0) {
      throw new CliError('conflicting options: cannot specify both --attach and --detach');
    }
    try {
      const request = buildRequest({ values, changed, image, command: rest });
      if (values.detach) {
        request.AttachStdin = request.AttachStdout = request.AttachStderr = request.StdinOnce = false;
      }
      requireTerminal(request.AttachStdin && request.Tty);
      const size = request.Tty ? terminalSize() : undefined;
      if (size) request.HostConfig.ConsoleSize = [size.height, size.width];

      const client = await cli.client();
      const containers = new Containers(client);
      const id = await createContainer(cli, request, values);
      const start = async (): Promise<void> => {
        await containers.start(id);
        if (!request.AttachStdout && !request.AttachStderr) printLine(id);
      };
      if (values.detach) return await start();
      await startAttached(
        containers,
        {
          id,
          tty: request.Tty,
          stdin: request.AttachStdin,
          stdout: request.AttachStdout,
          stderr: request.AttachStderr,
          detachKeys: values['detach-keys'] || cli.config.detachKeys || '',
          sigProxy: values['sig-proxy'],
          condition: values.rm ? 'removed' : 'next-exit',
        },
        start,
      );
    } catch (error) {
      // Exit code 1 is for the terminal and files here; neither is about how to use the command.
      if (error instanceof ExitStatus || (error instanceof CliError && error.exitCode === 1)) throw error;
      throw withHelp(error, cli.name, startFailureCode(error));
    }
  },
});
