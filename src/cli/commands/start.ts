import { Containers } from '../../client/index.ts';
import { startAttached } from '../attach/attached.ts';
import { requireTerminal } from '../attach/terminal.ts';
import type { Cli } from '../cli.ts';
import { atLeast, defineCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import { bool, string } from '../flags.ts';
import { complain, printLine } from '../output.ts';
import { describe } from '../report.ts';

export const command = defineCommand({
  use: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  flags: {
    attach: bool('Attach STDOUT/STDERR and forward signals', { short: 'a' }),
    checkpoint: string('Restore from this checkpoint', { hidden: true }),
    'checkpoint-dir': string('Use a custom checkpoint storage directory', { hidden: true }),
    'detach-keys': string('Override the key sequence for detaching a container'),
    interactive: bool("Attach container's STDIN", { short: 'i' }),
  },
  async run({ values, args, cli }) {
    const query = {
      checkpoint: values.checkpoint || undefined,
      'checkpoint-dir': values['checkpoint-dir'] || undefined,
    };
    const containers = new Containers(await cli.client());
    if (!values.attach && !values.interactive) return await startAll(containers, args, query);
    if (args.length > 1) throw new CliError('you cannot start and attach multiple containers at once');
    await startOne(containers, args[0]!, { ...values, detachKeys: values['detach-keys'] }, cli, query);
  },
});

type StartQuery = Parameters<Containers['start']>[1];

async function startAll(containers: Containers, names: readonly string[], query: StartQuery): Promise<void> {
  const failed: string[] = [];
  for (const name of names) {
    try {
      await containers.start(name, query);
      printLine(name);
    } catch (error) {
      complain(describe(error));
      failed.push(name);
    }
  }
  if (failed.length > 0) throw new CliError(`Error: failed to start containers: ${failed.join(', ')}`);
}

async function startOne(
  containers: Containers,
  name: string,
  options: { readonly interactive: boolean; readonly detachKeys: string },
  cli: Cli,
  query: StartQuery,
): Promise<void> {
  const { Id: id, Config, HostConfig } = await containers.inspect(name);
  const stdin = options.interactive && Config.OpenStdin;
  requireTerminal(stdin && Config.Tty);
  await startAttached(
    containers,
    {
      id,
      tty: Config.Tty,
      stdin,
      stdout: true,
      stderr: true,
      detachKeys: options.detachKeys || cli.config.detachKeys || '',
      sigProxy: !Config.Tty,
      condition: HostConfig.AutoRemove ? 'removed' : 'next-exit',
    },
    () => containers.start(id, query),
  );
}
