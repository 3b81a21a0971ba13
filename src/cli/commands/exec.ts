import { Containers, Execs } from '../../client/index.ts';
import { beginSession } from '../attach/attached.ts';
import { followSize } from '../attach/resize.ts';
import { outputIsTerminal, requireTerminal, terminalSize } from '../attach/terminal.ts';
import { atLeast, defineCommand } from '../command.ts';
import { checkEnv } from '../container/checks.ts';
import { readKeyValueFiles } from '../container/files.ts';
import { CliError, ExitStatus } from '../errors.ts';
import { bool, list, string } from '../flags.ts';

export const command = defineCommand({
  use: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  args: atLeast(2),
  interspersed: false,
  flags: {
    detach: bool('Detached mode: run command in the background', { short: 'd' }),
    'detach-keys': string('Override the key sequence for detaching a container'),
    env: list('Set environment variables', { short: 'e', since: '1.25', check: checkEnv }),
    'env-file': list('Read in a file of environment variables', { since: '1.25' }),
    interactive: bool('Keep STDIN open even if not attached', { short: 'i' }),
    privileged: bool('Give extended privileges to the command'),
    tty: bool('Allocate a pseudo-TTY', { short: 't' }),
    user: string('Username or UID (format: "<name|uid>[:<group|gid>]")', { short: 'u' }),
    workdir: string('Working directory inside the container', { short: 'w', since: '1.35' }),
  },
  async run({ values, args, cli }) {
    const [name = '', ...command] = args;
    const { detach, tty, interactive } = values;
    const stdin = interactive && !detach;
    const detachKeys = values['detach-keys'] || cli.config.detachKeys || '';
    const env = [...readKeyValueFiles(values['env-file'], (key) => process.env[key]), ...values.env];

    const client = await cli.client();
    // Whether the container exists is said before anything about our terminal.
    await new Containers(client).inspect(name);
    requireTerminal(stdin && tty);
    const size = tty ? terminalSize() : undefined;
    const console_ = size ? { ConsoleSize: [size.height, size.width] as const } : {};
    const execs = new Execs(client);
    const id = await execs.create(name, {
      User: values.user,
      Privileged: values.privileged,
      Tty: tty,
      ...console_,
      AttachStdin: stdin,
      AttachStdout: !detach,
      AttachStderr: !detach,
      DetachKeys: detachKeys,
      Env: env.length > 0 ? env : null,
      WorkingDir: values.workdir,
      Cmd: command,
    });
    if (id === '') throw new CliError('exec ID empty');
    if (detach) return await execs.start(id, { Tty: tty, ...console_ });
    await interact(execs, id, { tty, stdin, detachKeys, console_ });
  },
});

interface Interaction {
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly detachKeys: string;
  readonly console_: { readonly ConsoleSize?: readonly [number, number] };
}

async function interact(execs: Execs, id: string, options: Interaction): Promise<void> {
  const { tty, stdin, detachKeys } = options;
  {
    using undo = new DisposableStack();
    const hijacked = await execs.attach(id, { Tty: tty, ...options.console_ });
    const session = await beginSession(
      hijacked,
      { tty, stdin, stdout: true, stderr: true, detachKeys },
      undo,
    );
    if (tty && outputIsTerminal()) undo.defer(followSize((size) => execs.resize(id, size)));
    if ((await session.end) === 'detached') {
      undo.dispose();
      throw new CliError('read escape sequence');
    }
  }
  const { ExitCode } = await execs.inspect(id);
  if (ExitCode) throw new ExitStatus(ExitCode);
}
