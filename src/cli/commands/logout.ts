import { atMost, defineCommand } from '../command.ts';
import { printLine } from '../output.ts';
import { CredentialStore } from '../registry/credentials.ts';
import { keyOf } from './login.ts';

export const command = defineCommand({
  use: '[SERVER]',
  args: atMost(1),
  flags: {},
  async run({ args, cli }) {
    const key = keyOf(args[0] ?? '');
    printLine(`Removing login credentials for ${key}`);
    await new CredentialStore(cli).erase(key);
  },
});
