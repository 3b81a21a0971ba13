import { atMost, defineCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import { string } from '../flags.ts';

export const command = defineCommand({
  use: '[OPTIONS] [VOLUME]',
  args: atMost(1),
  flags: {
    availability: string('Cluster Volume availability ("active", "pause", "drain")', {
      initial: 'active',
      hidden: true,
    }),
  },
  async run({ args }) {
    throw new CliError(
      `cannot update ${args[0] ?? 'a volume'}: only volumes of a cluster can be updated, and Berth is in none: make a new volume with "berth volume create" or "berth volume clone"`,
    );
  },
});
