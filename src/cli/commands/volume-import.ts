import { isatty } from 'node:tty';
import { Volumes } from '../../client/index.ts';
import { between, defineCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import { openInput } from '../files.ts';
import { printLine } from '../output.ts';

export const command = defineCommand({
  use: 'VOLUME [FILE|-]',
  args: between(1, 2),
  flags: {},
  async run({ args, cli }) {
    const [name = '', file = '-'] = args;
    if (file === '-' && isatty(0)) throw new CliError('requested import from stdin, but stdin is a terminal');
    const archive = await openInput(file);
    printLine((await new Volumes(await cli.client()).import(name, archive)).Name);
  },
});
