import { resolve } from 'node:path';
import { defineCommand, noArgs } from '../command.ts';
import { CliError } from '../errors.ts';
import { bool, list, string } from '../flags.ts';
import { placeFlags, placeOf } from '../registry/flags.ts';
import { runRegistry } from '../registry/request.ts';

const flags = {
  ...placeFlags,
  listen: list('Address to listen on, ADDRESS:PORT (default "127.0.0.1:5000")'),
  'tls-cert': string('Certificate (PEM)'),
  'tls-key': string('Key of the certificate (PEM)'),
  htpasswd: string("File of users, as 'htpasswd -B' writes it"),
  tokens: bool('Give tokens to users instead of asking for their password each time'),
  'anonymous-pull': bool('Let everybody pull'),
  proxy: list('Copy an upstream registry on demand, PREFIX=URL; an empty PREFIX is for all names'),
  'proxy-any-host': bool('Copy from the registry that a name begins with, whatever it is'),
  'access-log': bool('Log every request', { initial: true }),
};

export const command = defineCommand({
  use: '[OPTIONS]',
  flags,
  args: noArgs,
  async run({ values, changed }) {
    const { file, root } = placeOf(values);
    const settings = {
      root,
      listen: changed.has('listen') ? values.listen : undefined,
      tls: tls(values['tls-cert'], values['tls-key']),
      auth: auth(values.htpasswd, values.tokens, values['anonymous-pull']),
      proxy: proxy(values.proxy, values['proxy-any-host']),
      accessLog: changed.has('access-log') ? values['access-log'] : undefined,
    };
    runRegistry('serve', { file, settings });
  },
});

function tls(cert: string, key: string): object | undefined {
  if (!cert && !key) return undefined;
  if (!cert || !key) throw new CliError('--tls-cert and --tls-key belong together');
  return { cert: resolve(cert), key: resolve(key) };
}

function auth(htpasswd: string, tokens: boolean, anonymousPull: boolean): object | undefined {
  if (htpasswd) return { htpasswd: resolve(htpasswd), anonymousPull, ...(tokens ? { tokens: {} } : {}) };
  if (tokens || anonymousPull) throw new CliError('--tokens and --anonymous-pull need --htpasswd');
  return undefined;
}

function proxy(upstreams: readonly string[], anyHost: boolean): object | undefined {
  if (upstreams.length === 0 && !anyHost) return undefined;
  const pairs = upstreams.map((text): [string, object] => {
    const equals = text.indexOf('=');
    if (equals < 0) throw new CliError(`invalid --proxy "${text}": PREFIX=URL is expected`);
    return [text.slice(0, equals), { url: text.slice(equals + 1) }];
  });
  return { upstreams: Object.fromEntries(pairs), anyHost };
}
