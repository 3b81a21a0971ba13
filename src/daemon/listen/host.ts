import { InvalidArgument } from '../../api/index.ts';

/** Where the engine listens: one `--host`. */
export type ListenAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'fd'; readonly name: string };

/** The ports that Docker's clients expect, without and with TLS. */
const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

/**
 * Reads one `--host` value: `unix:///path`, `tcp://[address][:port]`, `fd://` or `address:port`. Throws InvalidArgument.
 */
export function parseHost(text: string, tls: boolean): ListenAddress {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/.exec(text) ?? [undefined, 'tcp', text];
  if (scheme === 'unix') {
    if (!rest!.startsWith('/'))
      throw new InvalidArgument(`invalid host ${text}: unix:// wants an absolute path`);
    return { kind: 'unix', path: rest! };
  }
  if (scheme === 'fd') return { kind: 'fd', name: rest! };
  if (scheme === 'tcp') return parseTcp(text, rest!, tls);
  throw new InvalidArgument(`invalid host ${text}: use unix://, tcp:// or fd://`);
}

function parseTcp(text: string, rest: string, tls: boolean): ListenAddress {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:/[\]]*)(?::(\d*))?\/?$/.exec(rest);
  const port = match?.[2] ? Number(match[2]) : tls ? TLS_PORT : PLAIN_PORT;
  if (!match || port > 65535)
    throw new InvalidArgument(`invalid host ${text}: tcp://ADDRESS:PORT is expected`);
  const host = match[1]!.replace(/^\[(.*)\]$/, '$1') || 'localhost';
  return { kind: 'tcp', host, port };
}

/** Whether an address of this machine cannot be reached from another one. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}
