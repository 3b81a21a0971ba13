import { Containers, EngineError } from '../../client/index.ts';
import { atLeast, defineCommand } from '../command.ts';
import { forEachName, PARALLEL } from '../each.ts';
import { CliError } from '../errors.ts';
import { bool } from '../flags.ts';
import { complain, printLine } from '../output.ts';

export const command = defineCommand({
  use: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  flags: {
    force: bool('Force the removal of a running container (uses SIGKILL)', { short: 'f' }),
    link: bool('Remove the specified link', { short: 'l' }),
    volumes: bool('Remove anonymous volumes associated with the container', { short: 'v' }),
  },
  async run({ values, args, cli }) {
    const containers = new Containers(await cli.client());
    const { force, link, volumes: v } = values;
    const remove = async (given: string): Promise<void> => {
      const name = given.replace(/^\/+|\/+$/g, '');
      if (name === '') throw new CliError('container name cannot be empty');
      await containers.remove(name, { force, link, v });
    };
    if (!force) return await forEachName(args, remove, { parallel: PARALLEL });
    await forEachName(args, (name) => removeOrMiss(remove, name), { parallel: PARALLEL, silent: true });
  },
});

/** With `--force`, a container that is not there is worth a word but no failure. */
async function removeOrMiss(remove: (name: string) => Promise<void>, name: string): Promise<void> {
  try {
    await remove(name);
    printLine(name);
  } catch (error) {
    if (!(error instanceof EngineError && error.status === 404)) throw error;
    complain(`Error response from daemon: ${error.message}`);
  }
}
