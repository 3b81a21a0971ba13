import { defineCommand, noArgs } from '../command.ts';
import { bool, string } from '../flags.ts';
import { placeFlags, placeOf } from '../registry/flags.ts';
import { runRegistry } from '../registry/request.ts';

const flags = {
  ...placeFlags,
  grace: string('Keep what is younger than this, or was asked for within it (default "1h")'),
  untagged: bool('Remove manifests that no tag leads to, too'),
};

export const command = defineCommand({
  use: '[OPTIONS]',
  flags,
  args: noArgs,
  async run({ values }) {
    const { file, root } = placeOf(values);
    runRegistry('gc', {
      file,
      settings: { root },
      grace: values.grace || undefined,
      untagged: values.untagged || undefined,
    });
  },
});
