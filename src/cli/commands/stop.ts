import { Containers } from '../../client/index.ts';
import { atLeast, defineCommand } from '../command.ts';
import { forEachName, PARALLEL } from '../each.ts';
import { int, string } from '../flags.ts';

export const command = defineCommand({
  use: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  flags: {
    signal: string('Signal to send to the container', { short: 's' }),
    time: int('Seconds to wait before killing the container', { hidden: true }),
    timeout: int('Seconds to wait before killing the container', { short: 't' }),
  },
  async run({ values, changed, args, cli }) {
    const containers = new Containers(await cli.client());
    const t = changed.has('timeout') ? values.timeout : changed.has('time') ? values.time : undefined;
    await forEachName(args, (name) => containers.stop(name, { t, signal: values.signal }), {
      parallel: PARALLEL,
    });
  },
});
