import { defineCommand, noArgs } from '../command.ts';
import { placeFlags, placeOf } from '../registry/flags.ts';
import { runRegistry } from '../registry/request.ts';

export const command = defineCommand({
  use: '[OPTIONS]',
  flags: placeFlags,
  args: noArgs,
  async run({ values }) {
    const { file, root } = placeOf(values);
    runRegistry('status', { file, settings: { root } });
  },
});
