import { type ContainerState, Containers } from '../../client/index.ts';
import { beginSession } from '../attach/attached.ts';
import { endWith } from '../attach/exit.ts';
import { followSize, forceRedraw } from '../attach/resize.ts';
import { forwardSignals } from '../attach/signals.ts';
import { outputIsTerminal, requireTerminal, type Size } from '../attach/terminal.ts';
import { defineCommand, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { bool, string } from '../flags.ts';

export const command = defineCommand({
  use: '[OPTIONS] CONTAINER',
  args: exactly(1),
  flags: {
    'detach-keys': string('Override the key sequence for detaching a container'),
    'no-stdin': bool('Do not attach STDIN'),
    'sig-proxy': bool('Proxy all received signals to the process', { initial: true }),
  },
  async run({ values, args, cli }) {
    const containers = new Containers(await cli.client());
    const { Id: id, State, Config } = await containers.inspect(args[0]!);
    requireRunning(State);
    const tty = Config.Tty;
    const stdin = !values['no-stdin'] && Config.OpenStdin;
    requireTerminal(stdin && tty);
    const detachKeys = values['detach-keys'] || cli.config.detachKeys || '';

    using undo = new DisposableStack();
    if (values['sig-proxy'] && !tty) undo.defer(forwardSignals(containers, id, Promise.resolve()));
    const { exit } = await containers.wait(id);
    const hijacked = await containers.attach(id, {
      stream: true,
      stdin,
      stdout: true,
      stderr: true,
      detachKeys,
    });
    if (tty && outputIsTerminal()) {
      const resize = (size: Size): Promise<void> => containers.resize(id, size);
      await forceRedraw(resize);
      undo.defer(followSize(resize));
    }
    const session = await beginSession(
      hijacked,
      { tty, stdin, stdout: true, stderr: true, detachKeys },
      undo,
    );
    if ((await session.end) === 'detached') {
      undo.dispose();
      throw new CliError('read escape sequence');
    }
    await endWith(exit);
  },
});

function requireRunning(state: ContainerState): void {
  if (!state.Running) throw new CliError('You cannot attach to a stopped container, start it first');
  if (state.Paused) throw new CliError('You cannot attach to a paused container, unpause it first');
  if (state.Restarting)
    throw new CliError('You cannot attach to a restarting container, wait until it is running');
}
