import { existsSync } from 'node:fs';
import { type ConfigFile, configDir as defaultConfigDir, readConfigFile } from './config-file.ts';
import { InvalidEndpoint } from './errors.ts';

/** Certificates for a TCP endpoint: paths, undefined for those not used. */
export interface TlsOptions {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** False accepts any certificate of the engine. */
  readonly verify: boolean;
}

/** Where an engine listens. `host` is what messages call it. */
export type Endpoint =
  | { readonly kind: 'unix'; readonly host: string; readonly path: string }
  | {
      readonly kind: 'tcp';
      readonly host: string;
      readonly hostname: string;
      readonly port: number;
      readonly basePath: string;
      readonly tls?: TlsOptions | undefined;
    }
  | {
      readonly kind: 'ssh';
      readonly host: string;
      readonly hostname: string;
      readonly port?: string | undefined;
      readonly user?: string | undefined;
      /** Socket on the far side, when it is not the usual one. */
      readonly path?: string | undefined;
    };

/** What the user said about the endpoint. Everything left out comes from the environment. */
export interface EndpointOptions {
  readonly host?: string | undefined;
  readonly context?: string | undefined;
  /** TLS asked for by flags. */
  readonly tls?: TlsOptions | undefined;
  readonly configDir?: string | undefined;
  /** Reads `config.json`; asked only when nothing else says where the engine is. */
  readonly config?: (() => ConfigFile) | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** An endpoint and the name of the context that it came from; `default` stands for flags and environment. */
export interface ResolvedEndpoint {
  readonly endpoint: Endpoint;
  readonly context: string;
}

const BERTH_SOCKET = '/run/berth/berth.sock';
const DOCKER_SOCKET = '/var/run/docker.sock';

/**
 * Finds the engine: a host or context that the user named, else BERTH_HOST, DOCKER_HOST, DOCKER_CONTEXT, the current context of
 * `config.json`, else the local socket. Throws InvalidEndpoint.
 */
export async function resolveEndpoint(options: EndpointOptions = {}): Promise<ResolvedEndpoint> {
  const env = options.env ?? process.env;
  const dir = options.configDir ?? defaultConfigDir(env);
  if (options.host && options.context) {
    throw new InvalidEndpoint('conflicting options: cannot specify both --host and --context');
  }
  const host = options.host ?? (options.context ? undefined : env['BERTH_HOST'] || env['DOCKER_HOST']);
  if (host)
    return { endpoint: parseHost(host, options.tls ?? tlsFromEnvironment(env, dir)), context: 'default' };
  const context =
    options.context ?? (env['DOCKER_CONTEXT'] || (options.config?.() ?? readConfigFile(dir)).currentContext);
  if (context && context !== 'default') return { endpoint: await fromContext(dir, context), context };
  const path = existsSync(BERTH_SOCKET) || !existsSync(DOCKER_SOCKET) ? BERTH_SOCKET : DOCKER_SOCKET;
  return { endpoint: { kind: 'unix', host: `unix://${path}`, path }, context: 'default' };
}

/** Reads `unix:///path`, `tcp://host:port`, `ssh://user@host:port` or a bare `host:port`. Throws InvalidEndpoint. */
export function parseHost(text: string, tls?: TlsOptions): Endpoint {
  const host = text.trim();
  const match = /^([a-z]+):\/\/(.*)$/.exec(host);
  const scheme = match?.[1] ?? 'tcp';
  const address = match?.[2] ?? host;
  switch (scheme) {
    case 'unix':
      return { kind: 'unix', host: address ? host : `unix://${BERTH_SOCKET}`, path: address || BERTH_SOCKET };
    case 'tcp':
    case 'http':
    case 'https':
      return parseTcp(host, scheme, address, tls);
    case 'ssh':
      return parseSsh(host, address);
    default:
      throw new InvalidEndpoint(`invalid bind address format: ${text}`);
  }
}

function parseTcp(host: string, scheme: string, address: string, tls: TlsOptions | undefined): Endpoint {
  const secure = tls ?? (scheme === 'https' ? { verify: true } : undefined);
  const match = /^(\[[0-9a-fA-F:.%]+\]|[^/:]*)(?::(\d+))?(\/.*)?$/.exec(address);
  const port = Number(match?.[2] ?? (secure ? 2376 : 2375));
  if (!match || port < 1 || port > 65535) throw new InvalidEndpoint(`invalid bind address format: ${host}`);
  const hostname = (match[1] || 'localhost').replace(/^\[|\]$/g, '');
  return {
    kind: 'tcp',
    host: host.includes('://') ? host : `tcp://${host}`,
    hostname,
    port,
    basePath: (match[3] ?? '').replace(/\/+$/, ''),
    tls: secure,
  };
}

function parseSsh(host: string, address: string): Endpoint {
  const match = /^(?:([^@/:]+)@)?(\[[0-9a-fA-F:.]+\]|[^@/:]+)(?::(\d+))?(\/.*)?$/.exec(address);
  if (!match) throw new InvalidEndpoint(`invalid SSH URL: ${host}: ssh://[user@]host[:port] is expected`);
  const [, user, hostname = '', port, path] = match;
  if (hostname.startsWith('-') || user?.startsWith('-'))
    throw new InvalidEndpoint(`invalid SSH URL: ${host}`);
  return {
    kind: 'ssh',
    host,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    user,
    port,
    path: path && path !== '/' ? path : undefined,
  };
}

function tlsFromEnvironment(env: NodeJS.ProcessEnv, configDir: string): TlsOptions | undefined {
  if (!env['DOCKER_TLS_VERIFY'] && !env['DOCKER_TLS']) return undefined;
  const dir = env['DOCKER_CERT_PATH'] || configDir;
  return tlsFromDir(dir, Boolean(env['DOCKER_TLS_VERIFY']));
}

/** The certificates that a folder holds under their usual names. */
export function tlsFromDir(dir: string, verify: boolean): TlsOptions {
  const present = (name: string): string | undefined =>
    existsSync(`${dir}/${name}`) ? `${dir}/${name}` : undefined;
  return { ca: present('ca.pem'), cert: present('cert.pem'), key: present('key.pem'), verify };
}

async function fromContext(dir: string, name: string): Promise<Endpoint> {
  // Loaded here because it brings node:crypto, which most commands never need.
  const { readContext } = await import('./contexts.ts');
  const context = readContext(dir, name);
  const verify = !context.skipTlsVerify;
  const tls = context.tlsDir ? tlsFromDir(context.tlsDir, verify) : verify ? undefined : { verify };
  return parseHost(context.host, tls);
}
