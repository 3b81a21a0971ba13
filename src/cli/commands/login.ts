import { isatty } from 'node:tty';
import { type AuthConfig, authKeyOf, HUB_KEY, Registries } from '../../client/index.ts';
import { atMost, defineCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import { bool, string } from '../flags.ts';
import { complain, printLine } from '../output.ts';
import { CredentialStore } from '../registry/credentials.ts';
import { ask, readSecret } from '../registry/prompt.ts';

export const command = defineCommand({
  use: '[OPTIONS] [SERVER]',
  args: atMost(1),
  flags: {
    username: string('Username', { short: 'u' }),
    password: string('Password or Personal Access Token (PAT)', { short: 'p' }),
    'password-stdin': bool('Take the Password or Personal Access Token (PAT) from stdin'),
  },
  async run({ values, changed, args, cli }) {
    const key = keyOf(args[0] ?? '');
    const store = new CredentialStore(cli);
    const registries = new Registries(await cli.client());
    const known = changed.size === 0 ? await store.get(key) : {};
    const auth = known.username || known.identitytoken ? known : await credentials(values, changed, key);
    const { IdentityToken, Status } = await registries.login({ ...auth, serveraddress: key });
    const kept: AuthConfig = IdentityToken
      ? { username: auth.username ?? '', password: '', identitytoken: IdentityToken }
      : auth;
    const { inFile } = await store.store(key, kept);
    if (inFile) {
      complain(
        `\nWARNING! Your credentials are stored unencrypted in '${cli.configDir}/config.json'.\n` +
          'Configure a credential helper to remove this warning. See\n' +
          'https://docs.docker.com/go/credential-store/\n',
      );
    }
    if (Status) printLine(Status);
  },
});

async function credentials(
  values: { username: string; password: string; 'password-stdin': boolean },
  changed: ReadonlySet<string>,
  key: string,
): Promise<AuthConfig> {
  if (changed.has('password')) {
    complain('WARNING! Using --password via the CLI is insecure. Use --password-stdin.');
    if (values['password-stdin'])
      throw new CliError('--password and --password-stdin are mutually exclusive');
  }
  if (values['password-stdin']) {
    if (values.username === '') throw new CliError('Must provide --username with --password-stdin');
    return { username: values.username, password: await readSecret() };
  }
  if (changed.has('username') && values.username === '') throw new CliError('username is empty');
  if (changed.has('password') && values.password === '') throw new CliError('password is empty');
  if (values.username && values.password) return { username: values.username, password: values.password };
  if (!isatty(0)) throw new CliError('Error: Cannot perform an interactive login from a non TTY device');
  if (key === HUB_KEY && !values.username)
    printLine('Log in with your Docker ID to push and pull images from Docker Hub.');
  const username = values.username || (await ask('Username: ')).trim();
  if (username === '') throw new CliError('Error: Non-null Username Required');
  const password = values.password || (await ask('Password: ', { secret: true }));
  if (password === '') throw new CliError('Error: Password Required');
  return { username, password };
}

/** The server as `config.json` names it. */
export function keyOf(server: string): string {
  if (server === '' || server === HUB_KEY) return HUB_KEY;
  return authKeyOf(server.replace(/^https?:\/\//, '').replace(/\/.*$/, ''));
}
